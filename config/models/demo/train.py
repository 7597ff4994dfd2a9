"""Trains the demo's detector on frames of the scene, rendered while it trains: python train.py --minutes 6 --out OUT.
Writes OUT/street.pt (smoothed weights). Then: python export.py OUT/street.pt street.onnx."""

import argparse
import math
import os
import threading
import time

import cv2
import numpy as np
import torch
import torch.nn.functional as F

import evaluate
from model import CLASSES, HEIGHT, WIDTH, Detector, decode, grid
from street import Street, library

MOST = 112  # objects of a frame
FIRST_TRAINING_SEED = 1_000_000  # below are the seeds that training never sees


class Frames(torch.utils.data.IterableDataset):
    """Endless letterboxed frames with boxes [MOST, 6]: class (-1: none), corners, ignore."""

    def __iter__(self):
        cv2.setNumThreads(1)
        torch.set_num_threads(1)
        info = torch.utils.data.get_worker_info()
        rng = np.random.default_rng((info.seed if info else 0) + 1)
        while True:
            size = (640, 480) if rng.random() < 0.88 else [(1280, 720), (800, 600), (854, 480), (480, 640), (320, 240)][rng.integers(5)]
            seed = int(rng.integers(FIRST_TRAINING_SEED, 2**40))
            street = Street(seed, *size, day_seconds=float(rng.choice([60, 180, 600])), noise=float(rng.uniform(0.3, 1.8)))
            for _ in range(8):
                image, objects = street.render(int(rng.integers(0, 60000)))
                yield self.sample(image, objects, rng)

    @staticmethod
    def sample(image, objects, rng):
        dice = rng.random()
        if dice < 0.25:  # as after NV12
            image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420), cv2.COLOR_YUV2BGR_I420)
        elif dice < 0.33:  # as after a codec
            image = cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])[1], 1)
        picture, scale = evaluate.letterbox(image)
        boxes = np.full((MOST, 6), -1, np.float32)
        n = min(len(objects), MOST)
        boxes[:n, 0] = objects[:n, 0]
        boxes[:n, 1:3] = objects[:n, 1:3] * scale
        boxes[:n, 3:5] = (objects[:n, 1:3] + objects[:n, 3:5]) * scale
        boxes[:n, 5] = objects[:n, 6]
        return picture, boxes


class Pool:
    """The newest frames on the device, filled by a thread, drawn from at random."""

    def __init__(self, size, workers, device):
        self.images = torch.empty((size, HEIGHT, WIDTH, 3), dtype=torch.uint8, device=device)
        self.boxes = torch.empty((size, MOST, 6), device=device)
        self.filled = self.made = 0
        self.stopped = False
        self.loader = torch.utils.data.DataLoader(Frames(), batch_size=32, num_workers=workers, pin_memory=device != "cpu", prefetch_factor=4 if workers else None)
        threading.Thread(target=self.fill, daemon=True).start()

    def fill(self):
        size = len(self.images)
        for images, boxes in self.loader:
            if self.stopped:
                return
            at = self.made % (size - size % 32)
            self.images[at:at + 32].copy_(images, non_blocking=True)
            self.boxes[at:at + 32].copy_(boxes, non_blocking=True)
            self.made += 32
            self.filled = min(self.made, size - size % 32)

    def draw(self, batch):
        index = torch.randint(self.filled, (batch,), device=self.images.device)
        return self.images[index], self.boxes[index]


def augment(images, boxes):
    """Flips and light; on the device."""
    x = images.permute(0, 3, 1, 2).float() / 255
    n, device = len(x), x.device
    # Pictures that a letterbox shortened keep their place: mirrored boxes are measured from the padded picture's edge.
    flip = torch.rand(n, device=device) < 0.5
    x = torch.where(flip[:, None, None, None], x.flip(3), x)
    mirrored = boxes.clone()
    mirrored[..., 1], mirrored[..., 3] = WIDTH - boxes[..., 3], WIDTH - boxes[..., 1]
    boxes = torch.where(flip[:, None, None], mirrored, boxes)
    turn = torch.rand(n, device=device) < 0.5
    x = torch.where(turn[:, None, None, None], x.flip(2), x)
    mirrored = boxes.clone()
    mirrored[..., 2], mirrored[..., 4] = HEIGHT - boxes[..., 4], HEIGHT - boxes[..., 2]
    boxes = torch.where(turn[:, None, None], mirrored, boxes)
    gain = 1 + 0.2 * (torch.rand(n, 3, 1, 1, device=device) - 0.5) + 0.5 * (torch.rand(n, 1, 1, 1, device=device) - 0.5)
    return (x * gain).clamp(0, 1), boxes


def pair_iou(a, b):
    """Corners [..., 4]: IoU and GIoU, broadcast."""
    wh = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    inter = wh[..., 0] * wh[..., 1]
    area = lambda r: (r[..., 2] - r[..., 0]).clamp(min=0) * (r[..., 3] - r[..., 1]).clamp(min=0)
    union = area(a) + area(b) - inter + 1e-6
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).clamp(min=0)
    hull = hull[..., 0] * hull[..., 1] + 1e-6
    return inter / union, inter / union - (hull - union) / hull


@torch.no_grad()
def assign(raw, corners, boxes, cells):
    """SimOTA, a whole batch at once. Returns the object of each cell (-1: background), and its IoU."""
    centre = (cells[:, :2] + 0.5) * cells[:, 2:]
    truth, valid = boxes[..., 1:5], (boxes[..., 0] >= 0) & (boxes[..., 5] == 0)
    middle = (truth[..., :2] + truth[..., 2:]) * 0.5
    offset = (centre[None, None] - middle[:, :, None]).abs().amax(-1)
    near = offset < 2.0 * cells[None, None, :, 2]
    inside = (centre[None, None] > truth[:, :, None, :2]).all(-1) & (centre[None, None] < truth[:, :, None, 2:]).all(-1)
    candidate = (near | inside) & valid[:, :, None]
    overlap, _ = pair_iou(corners[:, None], truth[:, :, None])
    overlap = overlap * candidate
    probability = (raw[..., 5:].sigmoid() * raw[..., 4:5].sigmoid()).sqrt().clamp(1e-6, 1 - 1e-6)
    positive, negative = -probability.log(), -(1 - probability).log()
    index = boxes[..., 0].clamp(min=0).long()
    gather = lambda t: t.transpose(1, 2).gather(1, index[:, :, None].expand(-1, -1, t.shape[1]))
    cost = gather(positive) - gather(negative) + negative.sum(-1)[:, None] - 3 * (overlap + 1e-8).log()
    cost = cost + 1e3 * ~(near & inside) + 1e6 * ~candidate
    k = overlap.topk(10, -1).values.sum(-1).int().clamp(1, 10)
    best = cost.topk(10, -1, largest=False)
    chosen = (torch.arange(10, device=k.device) < k[..., None]) & (best.values < 1e5)
    taken = torch.zeros_like(cost, dtype=torch.bool).scatter_(2, best.indices, chosen)
    price, owner = torch.where(taken, cost, 1e9).min(1)
    owner = torch.where(price < 1e5, owner, -1)
    return owner, overlap.gather(1, owner.clamp(min=0)[:, None])[:, 0]


def losses(raw, boxes, cells):
    corners = decode(raw, cells)
    owner, overlap = assign(raw, corners, boxes, cells)
    foreground = owner >= 0
    count = foreground.sum().clamp(min=1)
    target = boxes.gather(1, owner.clamp(min=0)[..., None].expand(-1, -1, 6))
    _, giou = pair_iou(corners, target[..., 1:5])
    wh = (target[..., 3:5] - target[..., 1:3]).clamp(min=1e-3)
    exact = torch.cat([(target[..., 1:3] + target[..., 3:5]) * 0.5 / cells[:, 2:] - cells[:, :2], (wh / cells[:, 2:]).log()], -1)
    box = ((1 - giou) * foreground).sum() / count
    distance = ((raw[..., :4] - exact).abs().sum(-1) * foreground).sum() / count
    # Cells within objects that nobody is asked to find are neither objects nor background.
    centre = (cells[:, :2] + 0.5) * cells[:, 2:]
    hidden = (boxes[..., 5] == 1)[:, :, None] & (centre[None, None] > boxes[:, :, None, 1:3] - 2).all(-1) & (centre[None, None] < boxes[:, :, None, 3:5] + 2).all(-1)
    weight = (foreground | ~hidden.any(1)).float()
    objectness = (F.binary_cross_entropy_with_logits(raw[..., 4], foreground.float(), reduction="none") * weight).sum() / count
    wanted = F.one_hot(target[..., 0].clamp(min=0).long(), CLASSES) * overlap[..., None]
    classes = (F.binary_cross_entropy_with_logits(raw[..., 5:], wanted, reduction="none").sum(-1) * foreground).sum() / count
    return 4 * box + 0.5 * distance + objectness + classes


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) - 1))
    parser.add_argument("--pool", type=int, default=40000)
    parser.add_argument("--warm", type=int, default=3000, help="frames to wait for before the first step")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--start", help="weights to go on from")
    parser.add_argument("--out", default=".")
    args = parser.parse_args()
    begin = time.time()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.benchmark = True
    library()  # compiled once, before the workers start
    pool = Pool(args.pool, args.workers, device)
    torch.manual_seed(1)
    net = Detector().to(device).to(memory_format=torch.channels_last)
    if args.start:
        net.load_state_dict(torch.load(args.start, map_location=device))
    smooth = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.999), use_buffers=True)
    decay = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW([{"params": decay, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0}], lr=args.rate, fused=device == "cuda")
    cells = grid(device)
    while pool.filled < min(args.warm, args.pool - 64):
        time.sleep(0.1)
    print(f"{time.time() - begin:.0f} s: {pool.made} frames, training on {device}", flush=True)
    start, step, mean = time.time(), 0, 0.0
    length = args.minutes * 60
    while (passed := time.time() - start) < length:
        share = passed / length
        for group in optimiser.param_groups:
            group["lr"] = args.rate * min(1, (step + 1) / 200) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))
        images, boxes = augment(*pool.draw(args.batch))
        with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
            raw = net(images.contiguous(memory_format=torch.channels_last))
        loss = losses(raw.float(), boxes, cells)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        optimiser.step()
        if step == 200:  # forget the start
            smooth = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.999), use_buffers=True)
        smooth.update_parameters(net)
        step += 1
        if step % 200 == 0 or (device == "cpu" and step % 5 == 0):
            print(f"{time.time() - begin:.0f} s: step {step}, loss {loss.item():.3f}, {pool.made} frames rendered", flush=True)
    final = smooth.module.eval()
    os.makedirs(args.out, exist_ok=True)
    torch.save({k: v.cpu() for k, v in final.state_dict().items()}, os.path.join(args.out, "street.pt"))
    pool.stopped = True
    run = lambda picture: final(torch.from_numpy(picture).to(device).permute(2, 0, 1)[None].float() / 255, sigmoid=True)[0].detach().float().cpu().numpy()
    for name, seeds, frames, step_of in (("50 seeds", 50, 10, 97), ("seed 1", 1, 500, 1)):
        print(f"{time.time() - begin:.0f} s: {name}: " + evaluate.line(evaluate.score(run, evaluate.unseen(1, seeds, frames, step_of))), flush=True)
    os._exit(0)  # whatever the loader's threads still wait for


if __name__ == "__main__":
    main()
