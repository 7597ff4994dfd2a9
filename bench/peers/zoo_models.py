"""The tables of zoo.py: which networks there are, where each comes from, and at which size.

An entry is (source, name, input size, options). make() returns the model in inference mode, the size of its square
input image, and the names of its outputs (or None for the exporter's own).
"""
import torch
from torch import nn

# The comparisons' zoo: names as they appear in the result tables.
ZOO = {
    "resnet18": ("torchvision", "resnet18", 224),
    "resnet50": ("torchvision", "resnet50", 224),
    "vgg16": ("torchvision", "vgg16", 224),
    "mobilenet_v2": ("torchvision", "mobilenet_v2", 224),
    "mobilenet_v3_large": ("torchvision", "mobilenet_v3_large", 224),
    "efficientnet_b0": ("torchvision", "efficientnet_b0", 224),
    "googlenet": ("torchvision", "googlenet", 224, {"aux_logits": False, "init_weights": False}),
    "inception_v3": ("torchvision", "inception_v3", 299, {"aux_logits": False, "init_weights": False}),
    "squeezenet1_1": ("torchvision", "squeezenet1_1", 224),
    "densenet121": ("torchvision", "densenet121", 224),
    "shufflenet_v2_x1_0": ("torchvision", "shufflenet_v2_x1_0", 224),
    "convnext_tiny": ("torchvision", "convnext_tiny", 224),
    "vit_tiny": ("timm", "vit_tiny_patch16_224", 224),
    "yolov3_tiny": ("ultralytics", "yolov3-tiny", 640),
    "yolov5s": ("ultralytics", "yolov5s", 640),
    "yolov8n": ("ultralytics", "yolov8n", 640),
    "yolov8s": ("ultralytics", "yolov8s", 640),
    "yolov8n_seg": ("ultralytics", "yolov8n-seg", 640),
    "yolo11n": ("ultralytics", "yolo11n", 640),
    "rtdetr_r50": ("ultralytics", "rtdetr-resnet50", 640),
    "unet": ("own", "unet", 256),
}

# Not for speed: more topologies of the same packages, so that the importer is not made for the zoo only.
WIDE = {
    **{name: ("torchvision", name, size) for name, size in [
        ("alexnet", 224), ("vgg11_bn", 224), ("resnext50_32x4d", 224), ("wide_resnet50_2", 224), ("mnasnet1_0", 224),
        ("regnet_y_400mf", 224), ("regnet_x_400mf", 224), ("efficientnet_v2_s", 224), ("mobilenet_v3_small", 224),
        ("shufflenet_v2_x0_5", 224), ("squeezenet1_0", 224), ("densenet169", 224), ("swin_t", 224), ("swin_v2_t", 224),
        ("vit_b_32", 224), ("maxvit_t", 224)]},
    "deeplabv3_mobilenet_v3_large": ("torchvision", "segmentation.deeplabv3_mobilenet_v3_large", 256),
    "lraspp_mobilenet_v3_large": ("torchvision", "segmentation.lraspp_mobilenet_v3_large", 256),
    "fcn_resnet50": ("torchvision", "segmentation.fcn_resnet50", 256),
    "ssdlite320_mobilenet_v3_large": ("torchvision", "detection.ssdlite320_mobilenet_v3_large", 320),
    "ssd300_vgg16": ("torchvision", "detection.ssd300_vgg16", 300),
    "retinanet_resnet50_fpn": ("torchvision", "detection.retinanet_resnet50_fpn", 320),
    "raft_small": ("torchvision", "optical_flow.raft_small", 128),
    **{f"timm_{name}": ("timm", name, size) for name, size in [
        ("ghostnet_100", 224), ("ghostnetv2_100", 224), ("repvgg_a0", 224), ("hrnet_w18_small", 224), ("mobilevit_xxs", 256),
        ("mobilevitv2_050", 256), ("mobilenetv4_conv_small", 224), ("mobileone_s0", 224), ("fastvit_t8", 256),
        ("efficientformer_l1", 224), ("edgenext_xx_small", 256), ("convnextv2_atto", 224), ("deit_tiny_patch16_224", 224),
        ("mixer_s32_224", 224), ("resmlp_12_224", 224), ("poolformer_s12", 224), ("pvt_v2_b0", 224), ("coat_lite_tiny", 224),
        ("levit_128s", 224), ("nfnet_l0", 224), ("dpn48b", 224), ("dla34", 224), ("res2net50_14w_8s", 224),
        ("resnest14d", 224), ("cspdarknet53", 256), ("xception41", 299), ("inception_v4", 299), ("tf_efficientnet_lite0", 224),
        ("tf_mobilenetv3_small_100", 224), ("lcnet_050", 224), ("rexnet_100", 224), ("hardcorenas_a", 224), ("selecsls42b", 224),
        ("swin_tiny_patch4_window7_224", 224), ("beit_base_patch16_224", 224), ("cait_xxs24_224", 224), ("xcit_nano_12_p16_224", 224),
        ("eva02_tiny_patch14_224", 224), ("focalnet_tiny_srf", 224), ("gcvit_xxtiny", 224), ("tinynet_e", 106),
        ("repvit_m0_9", 224), ("efficientvit_b0", 224), ("efficientvit_m0", 224), ("starnet_s1", 224), ("inception_next_atto", 224),
        ("twins_svt_small", 224), ("visformer_tiny", 224), ("lambda_resnet26t", 256), ("botnet26t_256", 256),
        ("gmlp_s16_224", 224), ("sequencer2d_s", 224), ("mambaout_femto", 224), ("hiera_tiny_224", 224)]},
    **{name.replace("-", "_"): ("ultralytics", name, 320) for name in [
        "yolov3", "yolov5n", "yolov5n-p6", "yolov6n", "yolov8n-cls", "yolov8n-pose", "yolov8n-obb", "yolov8n-ghost", "yolov9t",
        "yolov9c-seg", "yolov10n", "yolo11n-cls", "yolo11n-seg", "yolo11n-pose", "yolo11n-obb", "yolo12n", "yolo26n",
        "yolo26n-seg", "yolo26n-pose", "rtdetr-l", "yolov8n-rtdetr"]},
}

_DYNAMO = {"exporter": "dynamo", "opset": None}
VARIANTS = {
    **{f"{base}_opset{opset}": (base, {"opset": opset}) for base, opset in [
        ("resnet18", 9), ("resnet18", 11), ("resnet18", 13), ("mobilenet_v3_large", 11), ("shufflenet_v2_x1_0", 10),
        ("yolov8n", 11), ("yolov8n", 12), ("yolo11n", 13), ("yolov8n_seg", 16), ("vit_tiny", 14), ("vit_tiny", 17),
        ("convnext_tiny", 13), ("unet", 12)]},
    **{f"{base}_dynamo": (base, _DYNAMO) for base in [
        "resnet18", "mobilenet_v2", "mobilenet_v3_large", "efficientnet_b0", "shufflenet_v2_x1_0", "convnext_tiny", "vit_tiny",
        "googlenet", "densenet121", "yolov8n", "yolo11n", "yolov8n_seg", "unet"]},
    **{f"{base}_dynamo_raw": (base, _DYNAMO | {"fold": False}) for base in ["mobilenet_v2", "vit_tiny", "yolov8n"]},
    **{f"{base}_dynamo_opset23": (base, _DYNAMO | {"opset": 23}) for base in ["resnet18", "vit_tiny", "yolov8n"]},
    **{f"{base}_dynamic": (base, {"dynamic": True}) for base in [
        "resnet18", "mobilenet_v3_large", "shufflenet_v2_x1_0", "vit_tiny", "yolov8n", "unet"]},
    **{f"{base}_dynamo_dynamic": (base, _DYNAMO | {"dynamic": True}) for base in ["resnet18", "vit_tiny", "yolov8n"]},
    **{f"{base}_unfolded": (base, {"fold": False}) for base in ["resnet18", "efficientnet_b0", "unet"]},
    "resnet18_external": ("resnet18", _DYNAMO | {"external": True}),
}


class UNet(nn.Module):
    """The encoder and decoder of Ronneberger et al. (2015) with padded convolutions and BatchNorm, 16 to 256 channels."""

    def __init__(self, widths=(16, 32, 64, 128, 256), classes=2):
        super().__init__()

        def double(inside, outside):
            layers = []
            for source in (inside, outside):
                layers += [nn.Conv2d(source, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)]
            return nn.Sequential(*layers)

        self.down = nn.ModuleList(double(a, b) for a, b in zip((3, *widths), widths))
        self.pool = nn.MaxPool2d(2)
        pairs = list(zip(widths[:0:-1], widths[-2::-1]))
        self.grow = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in pairs)
        self.up = nn.ModuleList(double(2 * b, b) for _, b in pairs)
        self.head = nn.Conv2d(widths[0], classes, 1)

    def forward(self, images):
        kept = []
        for index, block in enumerate(self.down):
            images = block(self.pool(images) if index else images)
            kept.append(images)
        for grow, up, skip in zip(self.grow, self.up, kept[-2::-1]):
            images = up(torch.cat([skip, grow(images)], 1))
        return self.head(images)


class FirstTensors(nn.Module):
    """A model whose result is a dictionary, list or tuple, returning its tensors in order."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        result = self.model(images)
        pending, tensors = [result], []
        while pending:
            item = pending.pop(0)
            if isinstance(item, torch.Tensor):
                tensors.append(item)
            elif isinstance(item, dict):
                pending = list(item.values()) + pending
            else:
                pending = list(item) + pending
        return tuple(tensors)


def _torchvision(name, size, options):
    import torchvision
    module = torchvision.models
    *folders, name = name.split(".")
    for folder in folders:
        module = getattr(module, folder)
    arguments = {"weights": None, **options}
    if folders:
        arguments["weights_backbone"] = None
    if folders == ["optical_flow"]:
        class Flow(nn.Module):
            def __init__(self, model):
                super().__init__()
                self.model = model

            def forward(self, images):
                return self.model(images, images.flip(3), num_flow_updates=3)[-1]
        arguments.pop("weights_backbone")
        return Flow(getattr(module, name)(**arguments))
    if folders == ["detection"]:
        # The detectors take a list of images and return a dictionary for each.
        class Single(nn.Module):
            def __init__(self, model):
                super().__init__()
                self.model = model

            def forward(self, images):
                found = self.model(list(images.unbind(0)))[0]
                return found["boxes"], found["scores"], found["labels"]
        return Single(getattr(module, name)(**arguments))
    model = getattr(module, name)(**arguments)
    return FirstTensors(model) if folders else model


def _ultralytics(name, size):
    """The network in the form that the package's own export gives it, with its metadata."""
    from ultralytics import RTDETR, YOLO
    wrapper = (RTDETR if "rtdetr" in name else YOLO)(f"{name}.yaml")
    model = wrapper.model
    for module in model.modules():
        if hasattr(module, "export"):
            module.export = True
            module.format = "onnx"
        if hasattr(module, "dynamic"):
            module.dynamic = False
        if hasattr(module, "max_det"):
            module.max_det = 300
        if type(module).__name__.startswith("C2f") and hasattr(module, "forward_split"):
            module.forward = module.forward_split
    names = ["output0", "output1"] if "seg" in name else ["output0"]
    labels = model.names if isinstance(model.names, dict) else dict(enumerate(model.names))
    model.zoo_metadata = {"task": str(getattr(wrapper, "task", "detect")), "stride": str(int(max(model.stride))), "batch": "1",
                          "imgsz": str([size, size]), "names": str({k: f"class{k}" for k in labels})}
    return model, names


def make(entry):
    source, name, size, *rest = entry
    options = rest[0] if rest else {}
    names = None
    if source == "torchvision":
        model = _torchvision(name, size, options)
    elif source == "timm":
        import timm
        model = timm.create_model(name, pretrained=False, exportable=True, **options)
    elif source == "ultralytics":
        model, names = _ultralytics(name, size)
    else:
        model, names = UNet(), ["mask"]
    model.eval()
    return model, size, names
