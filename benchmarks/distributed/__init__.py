"""Fits that the ranks of a process group divide: time, bytes sent and efficiency."""
