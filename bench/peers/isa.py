"""--isa: what holds each engine to an older instruction set, so that one machine also speaks for smaller ones."""

# Engine → settings of its environment. ONNX Runtime and ncnn have no such switch: they use what the CPU has.
SETTINGS = {
    "avx2": {
        "vireo": {"VIREO_FORCE_KERNEL": "avx2"},
        "openvino": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
        "opencv": {"OPENCV_CPU_DISABLE": "AVX512-SKX,AVX512-ICL"},
    },
}


def settings(isa, engine):
    return SETTINGS[isa].get(engine, {}) if isa else {}


def not_held(isa, engines):
    """The engines that the limit does not reach."""
    return [engine for engine in engines if isa and engine not in SETTINGS[isa]]
