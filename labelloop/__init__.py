"""The core: what the product means. It knows neither Label Studio, nor RQ, nor HTTP."""

__version__ = "0.2.0"
