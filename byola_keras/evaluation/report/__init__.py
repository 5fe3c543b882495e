"""The page `results.html`: all results of a folder, to be looked at and listened to."""
