"""The commands of `nvs`, one module each: parse, call the library, say what was written."""
