"""The presets that come with the package, a folder each beside this file, and what makes them.

`byola_keras.load` takes them by the names of their folders.
"""
