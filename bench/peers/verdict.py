"""Which rows of a result count: outputs that agree with ONNX Runtime's, and the peer that Vireo is held against."""
import statistics

WRONG = 1e-2  # relative distance of the outputs; further away they are marked, neither best nor compared with
NO_PEERS = {"vireo", "openvino_any"}  # never "the best peer": ourselves, and bfloat16 where the others use fp32


def wrong(row):
    """Whether the outputs were compared and do not agree (None: they have other shapes)."""
    return "difference" in row and (row["difference"] is None or not row["difference"] <= WRONG)


def right(row):
    """Whether the outputs were compared and agree."""
    return "difference" in row and not wrong(row)


def fastest(rows):
    """The engine whose figure is printed bold; None without any."""
    candidates = [engine for engine in rows if engine != "openvino_any" and not wrong(rows[engine])]
    return min(candidates, key=lambda engine: rows[engine]["median_ms"], default=None)


def relative_spread(rounds):
    """Half the distance of the quartiles over the median."""
    if len(rounds) < 2:
        return 0.0
    quartiles = statistics.quantiles(rounds, n=4)
    return (quartiles[2] - quartiles[0]) / 2 / statistics.median(rounds)


def settled(rounds, limit):
    """Whether the figures that the ratio is made of, Vireo's and the fastest peer's, have a spread of at most `limit`.
    rounds: each engine's figures so far."""
    peers = [engine for engine in rounds if engine not in NO_PEERS]
    counted = [min(peers, key=lambda engine: statistics.median(rounds[engine]))] if peers else []
    counted += ["vireo"] if "vireo" in rounds else []
    return all(relative_spread(rounds[engine]) <= limit for engine in counted)


def choose_best(result, bf16=False):
    """Notes the fastest peer that is right, and the ratio to it, where Vireo is right too. With bf16, another precision for
    Vireo as well, the peer is OpenVINO as it comes, and outputs only have to be there."""
    rows = result["engines"]
    if bf16:
        peers, own = [engine for engine in rows if engine == "openvino_any"], "vireo" in rows
    else:
        peers = [engine for engine in rows if engine not in NO_PEERS and right(rows[engine])]
        own = "vireo" in rows and right(rows["vireo"])
    if peers and own:
        best = min(peers, key=lambda engine: rows[engine]["median_ms"])
        result["best_peer"] = best
        pairs = zip(rows[best]["rounds_ms"], rows["vireo"]["rounds_ms"])
        result["ratio"] = round(statistics.median(peer / own for peer, own in pairs), 4)
