"""Draws handwritten digits: strokes through jittered points, slanted, stretched and bent, as ink on 28x28 pixels.

All of it is made up here; no picture of anybody's data set is read.
"""
import numpy as np

SIZE = 28

# Ways to write each digit: strokes, each a list of points (x to the right, y down, both from 0 to 1) that a curve goes
# through. A point named twice in a row is a corner.
GLYPHS = {
    0: [[[(.5, 0), (.2, .15), (.08, .5), (.2, .85), (.5, 1), (.8, .85), (.92, .5), (.8, .15), (.5, 0)]],
        [[(.62, .02), (.3, .1), (.15, .45), (.22, .82), (.5, 1), (.78, .8), (.85, .42), (.7, .12), (.45, .03)]]],
    1: [[[(.5, 0), (.5, .5), (.5, 1)]],
        [[(.5, 0), (.5, .35), (.5, .7), (.5, 1)]],
        [[(.3, .22), (.42, .12), (.54, 0), (.54, 0), (.54, .5), (.54, 1)]],
        [[(.28, .24), (.55, 0), (.55, 0), (.55, 1)], [(.3, 1), (.8, 1)]]],
    2: [[[(.12, .25), (.25, .06), (.52, 0), (.8, .12), (.82, .36), (.6, .62), (.1, 1), (.1, 1), (.5, .98), (.92, 1)]],
        [[(.15, .2), (.4, 0), (.75, .08), (.8, .38), (.5, .75), (.25, .95), (.1, .88), (.22, .78), (.45, .9), (.65, 1),
          (.92, .9)]],
        [[(.14, .16), (.5, 0), (.82, .2), (.7, .52), (.4, .8), (.12, 1), (.12, 1), (.9, .97)]]],
    3: [[[(.15, .1), (.45, 0), (.78, .12), (.74, .36), (.42, .46), (.42, .46), (.78, .58), (.86, .8), (.55, 1),
          (.12, .9)]],
        [[(.15, .03), (.5, .03), (.82, .03), (.82, .03), (.45, .42), (.45, .42), (.8, .55), (.82, .85), (.5, 1),
          (.12, .9)]],
        [[(.18, .14), (.5, 0), (.76, .2), (.6, .42), (.4, .48), (.62, .5), (.82, .72), (.62, .96), (.3, 1),
          (.12, .86)]]],
    4: [[[(.6, 0), (.35, .3), (.08, .64), (.08, .64), (.5, .64), (.94, .64)], [(.66, .32), (.66, .65), (.66, 1)]],
        [[(.2, .02), (.14, .3), (.16, .5), (.45, .54), (.78, .46)], [(.8, 0), (.77, .5), (.74, 1)]],
        [[(.68, 1), (.68, .5), (.68, 0), (.68, 0), (.4, .32), (.06, .68), (.06, .68), (.5, .68), (.95, .68)]]],
    5: [[[(.82, .02), (.5, .02), (.22, .02), (.22, .02), (.17, .24), (.14, .44), (.14, .44), (.5, .36), (.84, .54),
          (.82, .85), (.5, 1), (.12, .92)]],
        [[(.24, .04), (.2, .24), (.16, .44), (.16, .44), (.5, .38), (.8, .55), (.78, .85), (.48, 1), (.12, .9)],
         [(.24, .04), (.55, .03), (.86, 0)]]],
    6: [[[(.75, .02), (.42, .18), (.18, .5), (.16, .8), (.45, 1), (.78, .9), (.82, .66), (.55, .52), (.25, .62),
          (.18, .76)]],
        [[(.58, 0), (.3, .3), (.18, .65), (.25, .92), (.52, 1), (.78, .86), (.74, .62), (.48, .54), (.22, .72)]],
        [[(.4, 0), (.24, .35), (.16, .75), (.42, 1), (.74, .86), (.68, .62), (.42, .58), (.2, .74)]]],
    7: [[[(.1, .04), (.5, .04), (.88, .02), (.88, .02), (.62, .45), (.42, 1)]],
        [[(.1, .04), (.5, .05), (.86, .02), (.86, .02), (.64, .42), (.48, 1)], [(.36, .5), (.6, .5), (.82, .48)]],
        [[(.12, .2), (.12, .05), (.12, .05), (.5, .04), (.86, .04), (.86, .04), (.6, .5), (.5, 1)]],
        [[(.1, .1), (.45, .02), (.82, .06), (.74, .3), (.6, .6), (.55, 1)]]],
    8: [[[(.76, .12), (.48, 0), (.22, .14), (.28, .36), (.55, .5), (.8, .7), (.74, .92), (.48, 1), (.2, .9), (.2, .7),
          (.5, .48), (.75, .3), (.76, .12)]],
        [[(.5, 0), (.22, .1), (.24, .36), (.5, .46), (.78, .36), (.78, .1), (.5, 0)],
         [(.5, .46), (.16, .6), (.16, .9), (.5, 1), (.84, .9), (.84, .6), (.5, .46)]],
        [[(.8, .1), (.5, .02), (.3, .16), (.4, .38), (.62, .55), (.68, .82), (.46, 1), (.26, .85), (.38, .6),
          (.62, .4), (.82, .1)]]],
    9: [[[(.8, .25), (.6, .02), (.28, .08), (.16, .32), (.36, .5), (.66, .42), (.8, .2), (.8, .2), (.78, .6),
          (.7, 1)]],
        [[(.8, .12), (.5, 0), (.2, .16), (.22, .42), (.5, .5), (.78, .32), (.82, .1), (.8, .55), (.6, .9), (.3, 1)]],
        [[(.84, .04), (.5, .06), (.22, .24), (.3, .44), (.56, .4), (.82, .06), (.82, .06), (.68, .5), (.56, 1)]],
        [[(.92, .08), (.5, .01), (.16, .22), (.08, .42), (.38, .45), (.74, .26), (.92, .08)],
         [(.74, .26), (.64, .55), (.68, .8), (.84, 1)]]],
}


def curve(points, rng, wobble):
    """Points along a Catmull-Rom spline through the stroke, moved a little each; corners stay corners."""
    given = np.asarray(points, float)
    moves = rng.normal(0, wobble, given.shape)
    for i in range(1, len(given)):
        if tuple(points[i]) == tuple(points[i - 1]):
            moves[i] = moves[i - 1]
    given = given + moves
    pieces, start = [], 0
    corners = [i for i in range(1, len(points)) if tuple(points[i]) == tuple(points[i - 1])] + [len(points)]
    t = np.linspace(0, 1, 6)[:, None]
    for stop in corners:
        part = given[start:stop]
        start = stop
        if len(part) < 2:
            continue
        ends = np.concatenate([2 * part[:1] - part[1:2], part, 2 * part[-1:] - part[-2:-1]])
        for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:]):
            pieces.append(.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - 3 * c + d - a) * t**3))
        pieces.append(np.full((1, 2), np.nan))  # the pen is lifted, or turns
    return np.concatenate(pieces)


def draw(digit, rng):
    """One picture, float32 [28, 28]: 0 is paper, 1 is ink."""
    glyphs = GLYPHS[digit]
    glyph = glyphs[rng.integers(len(glyphs))]
    path = np.concatenate([curve(stroke, rng, rng.uniform(.01, .045)) for stroke in glyph]) - .5
    # Bent by a slow wave in each direction, then turned, slanted, stretched.
    phase, height = rng.uniform(0, 2 * np.pi, 2), rng.uniform(0, .06, 2)
    path = path + height * np.sin(2.5 * path[:, ::-1] + phase)
    angle, slant = rng.normal(0, .12), rng.normal(.12, .22)
    tall = rng.uniform(15, 21)
    wide = tall * rng.uniform(.45, .85)
    path = path * (wide, tall)
    path[:, 0] -= slant * path[:, 1]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    path = path @ turn.T
    low, high = np.nanmin(path, 0), np.nanmax(path, 0)
    path = path * min(1, 24 / max(high - low))
    low, high = np.nanmin(path, 0), np.nanmax(path, 0)
    room = (SIZE - 2 - (high - low)) / 2  # it is anywhere in the picture, though rather in the middle
    path = path - (low + high) / 2 + (SIZE - 1) / 2 + np.clip(rng.normal(0, .4, 2), -1, 1) * np.maximum(room, 0)
    path = path.astype(np.float32)
    a, b = path[:-1], path[1:]
    kept = ~np.isnan(a + b).any(1)
    a, b = a[kept], b[kept]
    along = b - a
    length = np.maximum((along**2).sum(1), 1e-9)
    y, x = np.mgrid[:SIZE, :SIZE]
    pixel = np.stack([x, y], -1).reshape(-1, 1, 2).astype(np.float32)
    at = np.clip(((pixel - a) * along).sum(-1) / length, 0, 1)
    distance = np.sqrt((((pixel - a) - at[..., None] * along)**2).sum(-1).min(1)).reshape(SIZE, SIZE)
    soft = rng.uniform(.6, 1.4)
    ink = np.clip(.5 + (rng.uniform(.6, 1.9) - distance) / soft, 0, 1)
    ink = ink * rng.uniform(.75, 1) + rng.normal(0, rng.uniform(0, .08), ink.shape)
    return np.clip(ink, 0, 1).astype(np.float32)


def batch(count, rng):
    """Pictures [count, 1, 28, 28] and their digits, each digit about equally often."""
    digits = rng.permutation(np.arange(count) % 10)
    return np.stack([draw(int(d), rng) for d in digits])[:, None], digits
