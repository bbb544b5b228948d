"""Pingbacks for a press that never pings: who wrote about a topic, in Korean, Japanese, Chinese and English."""

__version__ = "0.1.0"
