"""SVG: a curve, of what is counted along the bottom by powers of ten and what it costs upwards from nothing; and bars beside each other."""
import math

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 640, 300, 80, 50, 30, 20
COLOURS = ("#9aa5b1", "#1f5fa8", "#d9822b")


def _nice(most):
    """The least of 1, 2, 5 times a power of ten that is not below `most`."""
    power = 10 ** math.floor(math.log10(most)) if most > 0 else 1
    return next(step * power for step in (1, 2, 5, 10) if step * power >= most)


def _text(x, y, words, anchor="middle", turned=""):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{turned}>{words}</text>'


def _grid(top, up):
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for quarter in range(5):
        y = top * quarter / 4
        lines.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{up(y):.1f}" y2="{up(y):.1f}" stroke="#ddd"/>' + _text(LEFT - 6, up(y) + 4, f"{y:,g}", "end"))
    return lines


def bars(what, names, rows):
    """`rows`: [(what stands under it, its spread for each of `names`, or None)]; a bar is the median, its line reaches from least to most."""
    top = _nice(max(spread["max"] for _, spreads in rows for spread in spreads if spread))

    def up(y):
        return HEIGHT - BOTTOM - y / top * (HEIGHT - BOTTOM - TOP)
    lines, step = _grid(top, up), (WIDTH - LEFT - RIGHT) / len(rows)
    width = 0.8 * step / len(names)
    for row, (label, spreads) in enumerate(rows):
        begin = LEFT + row * step + 0.1 * step
        lines.append(_text(begin + 0.4 * step, HEIGHT - BOTTOM + 16, label))
        for at, spread in enumerate(spreads):
            if not spread:
                continue
            x, height = begin + at * width, HEIGHT - BOTTOM - up(spread["median"])
            lines.append(f'<rect x="{x:.1f}" y="{up(spread["median"]):.1f}" width="{0.9 * width:.1f}" height="{height:.1f}" fill="{COLOURS[at]}"/>'
                         f'<line x1="{x + 0.45 * width:.1f}" x2="{x + 0.45 * width:.1f}" y1="{up(spread["min"]):.1f}" y2="{up(spread["max"]):.1f}" stroke="black"/>')
    lines.append(_text(LEFT, 18, what, "start"))
    for at, name in enumerate(names):
        lines.append(f'<rect x="{LEFT + at * 130}" y="{HEIGHT - 18}" width="10" height="10" fill="{COLOURS[at]}"/>' + _text(LEFT + 15 + at * 130, HEIGHT - 9, name, "start"))
    return "\n".join([*lines, "</svg>"]) + "\n"


def curve(axis, what, points):
    """`points`: [(x, y)], x above 0 and rising."""
    low, high = math.log10(points[0][0]), math.log10(points[-1][0])
    top = _nice(max(y for _, y in points))

    def across(x):
        return LEFT + (math.log10(x) - low) / ((high - low) or 1) * (WIDTH - LEFT - RIGHT)

    def up(y):
        return HEIGHT - BOTTOM - y / top * (HEIGHT - BOTTOM - TOP)
    lines = _grid(top, up)
    lines += [_text(across(x), HEIGHT - BOTTOM + 16, f"{x:,}") for x, _ in points]
    lines += [_text(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 10, axis), _text(LEFT, 18, what, "start")]
    lines.append('<polyline fill="none" stroke="#1f5fa8" stroke-width="2" points="' + " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in points) + '"/>')
    lines += [f'<circle cx="{across(x):.1f}" cy="{up(y):.1f}" r="3" fill="#1f5fa8"/>' for x, y in points]
    return "\n".join([*lines, "</svg>"]) + "\n"
