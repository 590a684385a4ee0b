"""Folds batch normalisation into the convolutions, for export and measurement."""

import copy

import torch


def fuse(model):
    """A copy for inference."""
    model = copy.deepcopy(model).eval()
    for module in list(model.modules()):
        if isinstance(module, torch.nn.Sequential) and len(module) == 3 and isinstance(module[1], torch.nn.BatchNorm2d):
            module[0] = torch.nn.utils.fusion.fuse_conv_bn_eval(module[0], module[1])
            module[1] = torch.nn.Identity()
    return model
