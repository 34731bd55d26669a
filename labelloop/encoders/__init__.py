"""Sentence encoders: texts become vectors, the same ones when fitting and when serving."""

import os

# These libraries report their use to their makers unless told not to, before they are first imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
