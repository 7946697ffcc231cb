"""What the project stands on: looked up for flaws, scanned in the image, and listed for others.

It belongs to development and is no part of the wheel.
"""
