"""The depth that a camera wrote into a photo's file."""

from nvs.photo.depth_inside.coded import PhotoDepth as PhotoDepth
from nvs.photo.depth_inside.read import read_photo_depth as read_photo_depth
