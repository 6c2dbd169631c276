"""Run: orchestration, settings, command line."""

import sys
from pathlib import Path

# Before it loads a flow, Prefect puts the folder that the run works in before all others. Where Saring is installed
# editable, a lake/ there would pass for our package; a folder of packages in the path wins over one without.
_here = str(Path(__file__).resolve().parent.parent)
if _here not in sys.path:
    sys.path.append(_here)
