"""One photo becomes a place to fly through.

    import nvs

    photo = nvs.load_photo("garden.jpg")
    scene = nvs.load_model().splat(photo)
    image = nvs.render(scene, [photo.camera]).rgb[0]

The public names and their homes are listed in `__init__.pyi`.  They are imported when they are
first used, so that `import nvs` and `nvs --help` are quick.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
