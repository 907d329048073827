"""The shapes of the native API, one file per noun; the documentation and the UI's types come from them."""
