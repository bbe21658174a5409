"""Photos of one place, taken at different exposures, brought to one.

Cameras that meter by themselves change more than the exposure: white balance, and how far dark
tones are lifted.  So each channel of a photo takes a factor and a lift, both of its numbers as sRGB
encodes them: light · g is, but for the darkest tones, (s + OFFSET) · g^(1/2.4) there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import torch
from torch import Tensor

from nvs.fusion.posed import SeenDepth
from nvs.fusion.witness import SAME_SURFACE
from nvs.photo.photo import Photo
from nvs.photo.transfer import light_to_srgb, srgb_to_light
from nvs.splat.points import read_picture

COMPARED_PX = 160  # longer side: colours are compared as means over some pixels
DARKEST, BRIGHTEST = 0.05, 0.93  # sRGB: outside of it a camera's curve tells no light
FEWEST = 150  # places that two photos share
OFFSET = 0.055  # of sRGB's curve
MIDDLE = 0.5  # sRGB: exposures are told apart by what becomes of it
FACTORS = 0.2, 5.0  # none is beyond these
TO_ONE = 0.02  # how much factors are drawn to 1, against one pair's word
TO_NO_LIFT = 0.1  # and lifts to 0
FIRM = 1e3
NOISE = 0.05  # sRGB: what differs by more is heard less
WIDE = 1.0  # ... in the first of the rounds, and in each later one half of it
ROUNDS = 8  # of weighting anew
LEAST_CHANGE = 0.01  # a change that nobody sees is none
GREY = 3 / 255  # so near each other are the colours of a picture that has none
BLOWN = 0.9, 0.98  # sRGB: from the first on a channel may be, from the second on it is blown out


@dataclasses.dataclass(frozen=True, eq=False)
class Tone:
    """What a photo's numbers s become: factor · (s + OFFSET) + lift - OFFSET."""

    factor: Tensor  # [3] red, green, blue
    lift: Tensor  # [3]

    @staticmethod
    def none() -> Tone:
        return Tone(torch.ones(3), torch.zeros(3))

    def undone(self) -> Tone:
        """What brings the others' light to the photo's."""
        return Tone(1 / self.factor, -self.lift / self.factor)

    @property
    def gain(self) -> float:
        """What light is multiplied by, but for the lift."""
        return float(self.factor.mean() ** 2.4)

    @property
    def changes(self) -> bool:
        largest = torch.maximum((self.factor - 1).abs(), self.lift.abs()).amax()
        return float(largest) >= LEAST_CHANGE

    def of(self, rgb: Tensor) -> Tensor:
        """sRGB [..., 3] after it."""
        changed = self.factor.to(rgb) * (rgb + OFFSET) + self.lift.to(rgb) - OFFSET
        return changed.clamp(0, 1)


@dataclasses.dataclass(frozen=True, eq=False)
class Toned:
    """A photo in the others' light."""

    photo: Photo  # what is blown out is white, whatever it became
    least: Tensor  # [H, W, 3] so bright it is at least where it is blown out
    blown: Tensor  # [H, W] 0..1


def toned(photo: Photo, tone: Tone) -> Toned | None:
    """The photo after `tone`; None where that changes nothing.

    White that is blown out would become grey, and the colour of the photo's cast.
    """
    if not tone.changes:
        return None
    least = tone.of(photo.rgb)
    darkened = tone.of(torch.ones(3)).amin() < 1  # else what is blown out is so after it, too
    white = _blown(photo.rgb.amin(-1)) * darkened
    rgb = least + white[..., None] * (1 - least)
    return Toned(dataclasses.replace(photo, rgb=rgb), least, _blown(photo.rgb.amax(-1)))


def _blown(brightness: Tensor) -> Tensor:
    first, last = BLOWN
    return ((brightness - first) / (last - first)).clamp(0, 1)


def tones(
    photos: Sequence[Photo], maps: Sequence[SeenDepth], near: Sequence[Sequence[int]]
) -> list[Tone]:
    """What brings the photos to one light: that of the one whose exposure is in the middle.

    Robust least squares over logarithms of light at surfaces that two photos share. Of two in the
    middle it is the brighter scene's, whose photo was exposed less: less of it is blown out.

    Args:
        maps: of COMPARED_PX.
        near: the photos that each one is compared with.
    """
    count = len(photos)
    small = [
        photo.resized_to(max(seen.depth.shape)).rgb.cpu()
        for photo, seen in zip(photos, maps, strict=True)
    ]
    colorless = [bool((rgb.amax(-1) - rgb.amin(-1)).max() < GREY) for rgb in small]
    pairs = [
        pair
        for i, row in enumerate(near)
        for j in row
        if (pair := _shared(i, small[i], maps[i], j, small[j], maps[j], colorless)) is not None
    ]
    factor, lift = torch.ones(count, 3).double(), torch.zeros(count, 3).double()
    for channel in range(3):
        factor[:, channel], lift[:, channel] = _solved(pairs, channel, count)
    grey = (factor * (MIDDLE + OFFSET) + lift).mean(-1)
    middle = int(grey.argsort(stable=True)[count // 2])
    # What that photo's numbers become is undone for all.
    factor, lift = factor / factor[middle], (lift - lift[middle]) / factor[middle]
    return [Tone(*both) for both in zip(factor.float(), lift.float(), strict=True)]


@dataclasses.dataclass(frozen=True, eq=False)
class _Pair:
    """Numbers, OFFSET added, of surfaces that two photos show."""

    one: int
    other: int
    seen: Tensor  # [S, 3] by the one
    theirs: Tensor  # [S, 3]


def _shared(
    one: int,
    rgb: Tensor,
    seen: SeenDepth,
    other: int,
    other_rgb: Tensor,
    other_seen: SeenDepth,
    colorless: Sequence[bool],
) -> _Pair | None:
    """None where they share too little."""
    there = other_seen.at(seen.points())
    shared = (seen.depth > 0) & (there.depth > 0) & (there.log_ratio.abs() < SAME_SURFACE)
    own = rgb[shared]
    theirs = read_picture(other_rgb, there.pixels[shared])
    usable = torch.stack([own, theirs]).amin(0).amin(-1) > DARKEST
    usable &= torch.stack([own, theirs]).amax(0).amax(-1) < BRIGHTEST
    if int(usable.sum()) < FEWEST:
        return None
    own, theirs = (rgb[usable].double() + OFFSET for rgb in (own, theirs))
    if colorless[one] != colorless[other]:  # no light turns one into the other
        own, theirs = (rgb.mean(-1, keepdim=True).expand(-1, 3) for rgb in (own, theirs))
    return _Pair(one, other, own, theirs)


def _solved(pairs: Sequence[_Pair], channel: int, count: int) -> tuple[Tensor, Tensor]:
    """Factor and lift of each photo in one channel [N] each.

    factor_i x_i + lift_i = factor_j x_j + lift_j at every surface that i and j share; a pair says
    as much however many surfaces it shares.
    """
    factors = torch.cat([torch.ones(count), torch.zeros(count)]).double()
    drawn = torch.cat([torch.full((count,), TO_ONE), torch.full((count,), TO_NO_LIFT)]).double()
    # Factors that shrink together would make everything agree: their mean is 1.
    fixed = drawn.diag() + FIRM * torch.outer(factors, factors)
    found, wanted = factors, fixed @ factors
    for turn in range(ROUNDS):
        system = fixed.clone()
        width = max(NOISE, WIDE / 2**turn)
        for pair in pairs:
            x, y = pair.seen[:, channel], pair.theirs[:, channel]
            row = torch.stack([x, torch.ones_like(x), -y, -torch.ones_like(y)], -1)  # [S, 4]
            at = torch.tensor([pair.one, count + pair.one, pair.other, count + pair.other])
            weight = 1 / (1 + (row @ found[at] / width).square())  # Cauchy's
            system[at[:, None], at] += row.T @ (weight[:, None] * row) / len(x)
        found = torch.linalg.solve(system, wanted)
    return found[:count].clamp(*FACTORS), found[count:]


def linear(rgb: Tensor) -> Tensor:
    """sRGB → light."""
    return torch.from_numpy(srgb_to_light(rgb.double().cpu().numpy())).to(rgb)


def encoded(light: Tensor) -> Tensor:
    """Light → sRGB."""
    return torch.from_numpy(light_to_srgb(light.double().cpu().numpy())).to(light)
