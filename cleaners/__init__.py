"""Decide what is story and what is furniture: values in, values out."""
