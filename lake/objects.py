"""The objects of a lake in a bucket: every call to an object store, one method each, so that a test can make any fail.

Nothing here is ever an open stream: an object is put whole, and only where none is, or in place of one known by its
e-tag. A store that loses its answer on the way is asked again; who then finds the object there looks at its bytes.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from typing import Any

from lake.layout import LakeError

SCHEME = "s3://"
MAX_RETRIES = 5  # of a call that did not come through, within RETRY_SECONDS; a lease is longer
RETRY_SECONDS = 20


class Bucket:
    """A bucket, or a prefix in one: `s3://bucket/prefix`.

    Credentials, region and endpoint come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
    AWS_ENDPOINT_URL, …) or from the machine it runs on. Each method raises OSError; the constructor LakeError.
    """

    def __init__(self, url: str) -> None:
        try:
            from obstore.store import S3Store
        except ImportError:
            raise LakeError(f"A lake at {url} needs another package: pip install 'saring[s3]'.") from None
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        options: Any = {"endpoint": endpoint} if endpoint else {}
        plain: Any = {"allow_http": True} if endpoint and endpoint.startswith("http://") else None
        retries: Any = {"max_retries": MAX_RETRIES, "retry_timeout": datetime.timedelta(seconds=RETRY_SECONDS)}
        try:
            self.store = S3Store.from_url(url, client_options=plain, retry_config=retries, **options)
        except Exception as error:  # its own class, for a URL without a bucket and the like
            raise LakeError(f"{url} cannot be used: {error}.") from error

    def names(self, prefix: str) -> dict[str, int]:
        """Names of the objects below a prefix that ends with a slash, with their sizes in bytes."""
        import obstore

        pages = _told(obstore.list, self.store, prefix=prefix)
        return {one["path"]: one["size"] for page in _told(list, pages) for one in page}

    def get(self, name: str) -> tuple[bytes, str] | None:
        """The bytes of an object and its e-tag; None if it is not there."""
        import obstore

        try:
            found = _told(obstore.get, self.store, name)
            return bytes(_told(found.bytes)), str(found.meta["e_tag"])
        except FileNotFoundError:
            return None

    def create(self, name: str, data: bytes) -> str | None:
        """Put an object where none is; its e-tag, or None if one is there."""
        return self._put(name, data, "create")

    def replace(self, name: str, data: bytes, tag: str) -> str | None:
        """Put an object in place of the one with that e-tag; its own, or None if another is there meanwhile."""
        return self._put(name, data, {"e_tag": tag})

    def delete(self, names: Sequence[str]) -> None:
        """Delete objects; those that are gone are fine."""
        import obstore

        if names:
            _told(obstore.delete, self.store, list(names))

    def _put(self, name: str, data: bytes, mode: Any) -> str | None:
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            return str(_told(obstore.put, self.store, name, data, mode=mode)["e_tag"])
        except (AlreadyExistsError, PreconditionError):
            return None


def _told(call: Any, *args: Any, **more: Any) -> Any:
    """Make a call; what fails on the way to the store is an OSError with one line."""
    from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

    try:
        return call(*args, **more)
    except (AlreadyExistsError, PreconditionError, FileNotFoundError):
        raise
    except BaseError as error:
        raise OSError(str(error).splitlines()[0]) from error
