"""Writes a CLIP pair with seeded weights and what PyTorch makes of texts and photos with it.

    python3 clip_pair.py VOCABULARY OUT PHOTO...

VOCABULARY is OpenAI's `bpe_simple_vocab_16e6.txt`, unpacked (open_clip_torch of PyPI carries it). Needs torch,
transformers, onnx, regex, pillow. The tokenizer below is written after OpenAI's description; the networks are Hugging Face's.
"""
import json
import os
import shutil
import sys

import numpy as np
import regex
import torch
import transformers
from PIL import Image

vocabulary, out, photos = sys.argv[1], sys.argv[2], sys.argv[3:]
os.makedirs(out, exist_ok=True)
torch.manual_seed(7)
shared = dict(hidden_size=128, intermediate_size=256, num_hidden_layers=3, num_attention_heads=4, projection_dim=64)
vision = transformers.CLIPVisionConfig(image_size=224, patch_size=32, **shared)
text = transformers.CLIPTextConfig(vocab_size=49408, max_position_embeddings=77, eos_token_id=49407,
                                   bos_token_id=49406, pad_token_id=49407, **shared)
model = transformers.CLIPModel(transformers.CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(),
                                                       projection_dim=64)).eval().requires_grad_(False)
# Weights spread wide, so that pictures and texts differ.
for name, weights in model.named_parameters():
    if weights.dim() > 1:
        weights.mul_(6 if "embedding" in name else 3)


class Vision(torch.nn.Module):
    def forward(self, pixels):
        return model.visual_projection(model.vision_model(pixel_values=pixels).pooler_output)


class Text(torch.nn.Module):
    def forward(self, ids, mask):
        return model.text_projection(model.text_model(input_ids=ids, attention_mask=mask).pooler_output)


def export(network, inputs, name, names, output, axes=None):
    torch.onnx.export(network.eval(), inputs, os.path.join(out, name), opset_version=17, input_names=names,
                      output_names=[output], dynamo=False, dynamic_axes=axes)


export(Vision(), (torch.rand(1, 3, 224, 224),), "clip-vision.onnx", ["pixel_values"], "image_embeds",
       {"pixel_values": {0: "batch"}, "image_embeds": {0: "batch"}})
export(Text(), (torch.full((1, 77), 49407), torch.ones(1, 77, dtype=torch.long)), "clip-text.onnx",
       ["input_ids", "attention_mask"], "text_embeds")
shutil.copy(vocabulary, os.path.join(out, "bpe_simple_vocab_16e6.txt"))

merges = [tuple(line.split()) for line in open(vocabulary, encoding="utf-8").read().split("\n")[1:49152 - 256 - 2 + 1]]
printable = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
symbols = {b: chr(b) for b in printable}
symbols.update({b: chr(256 + i) for i, b in enumerate(b for b in range(256) if b not in printable)})
names = list(symbols.values())
names += [n + "</w>" for n in names] + ["".join(m) for m in merges]
ids, ranks = {n: i for i, n in enumerate(names)}, {m: i for i, m in enumerate(merges)}
word = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", regex.IGNORECASE)


def pieces(token):
    parts = list(token[:-1]) + [token[-1] + "</w>"]
    while len(parts) > 1:
        pairs = [p for p in zip(parts, parts[1:]) if p in ranks]
        if not pairs:
            break
        best, merged, i = min(pairs, key=ranks.get), [], 0
        while i < len(parts):
            together = i + 1 < len(parts) and (parts[i], parts[i + 1]) == best
            merged.append(parts[i] + parts[i + 1] if together else parts[i])
            i += 2 if together else 1
        parts = merged
    return parts


def encode(line):
    line = regex.sub(r"\s+", " ", line).strip().lower()
    return [ids[p] for token in word.findall(line) for p in pieces("".join(symbols[b] for b in token.encode()))]


def embed(line):
    tokens = [49406] + encode(line)[:75] + [49407]
    mask = [1] * len(tokens) + [0] * (77 - len(tokens))
    vector = Text()(torch.tensor([tokens + [49407] * (77 - len(tokens))]), torch.tensor([mask]))[0]
    return vector / vector.norm()


def look(path):
    picture = Image.open(path).convert("RGB")
    scale = 224 / min(picture.size)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.BILINEAR)
    left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
    pixels = np.asarray(picture.crop((left, top, left + 224, top + 224)), np.float32) / 255
    pixels = (pixels - [0.48145466, 0.4578275, 0.40821073]) / [0.26862954, 0.26130258, 0.27577711]
    vector = Vision()(torch.tensor(pixels.transpose(2, 0, 1)[None], dtype=torch.float32))[0]
    return vector / vector.norm()


texts = ["a photo of a cat", "a photo of a golden retriever puppy", "Zebra!!  crossing, 42 times",
         "it's the driver's seat", "naïve café über straße", "日本語 テスト", "emoji 🙂 😀",
         "don't we'll they've I'm he'd", "x²+y³ = 10½", "C++ & C#", "under_score-dash...", "tab\tnew\nline",
         "supercalifragilisticexpialidocious antidisestablishmentarianism", "1234567890", "'s start", "a" * 100]
labels = ["cat", "dog", "school bus", "zebra", "bald eagle", "banana"]
vectors = torch.stack([embed(f"a photo of a {label}") for label in labels])
answer = {"labels": labels, "texts": [{"text": t, "tokens": encode(t)} for t in texts],
          "labelVectors": vectors.tolist(), "photos": []}
for path in photos:
    vector = look(path)
    answer["photos"].append({"path": os.path.abspath(path), "vector": vector.tolist(),
                             "probabilities": (100 * vectors @ vector).softmax(0).tolist()})
json.dump(answer, open(os.path.join(out, "reference.json"), "w"))
