"""Our own models; the default's weights lie beside this file."""
