"""Pictures: JPEG, PNG and Y4M of many kinds, with damage that keeps segments and checksums right, and without."""
import io
import struct
import zlib

from PIL import Image

import small_networks
from damage import spoil

PHOTOS = 6


class Maker:
    def __init__(self, folder, program):
        folder.mkdir(parents=True)
        self.network = folder / "m.onnx"
        small_networks.detector(self.network)
        base = Image.radial_gradient("L").resize((70, 50))
        color = Image.merge("RGB", [base, base.rotate(90), base.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
        self.jpegs = [self.encoded(color, "JPEG", subsampling=way, progressive=way == 2, exif=self.exif()) for way in (0, 1, 2)]
        self.jpegs += [self.encoded(base, "JPEG"), self.encoded(color.convert("CMYK"), "JPEG"), self.encoded(color, "JPEG", progressive=True, quality=100)]
        self.pngs = [self.encoded(color.convert(mode), "PNG", exif=self.exif()) for mode in ("RGB", "RGBA", "L", "LA", "P", "1")]
        self.pngs += [self.deep(kind) for kind in (0, 2, 4, 6)]
        self.y4m = (b"YUV4MPEG2 W16 H16 F25:1 Ip A1:1 C420jpeg\n" + (b"FRAME\n" + bytes(384)) * 3)

    @staticmethod
    def encoded(image, kind, **options):
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        return buffer.getvalue()

    @staticmethod
    def exif():
        exif = Image.Exif()
        exif[0x112] = 6
        return exif.tobytes()

    @staticmethod
    def deep(color_type):
        """A 16-bit PNG of this colour type, 9x7."""
        channels = {0: 1, 2: 3, 4: 2, 6: 4}[color_type]
        rows = b"".join(b"\0" + bytes((column * 7 + row) % 256 for column in range(9 * channels * 2)) for row in range(7))
        parts = [(b"IHDR", struct.pack(">IIBBBBB", 9, 7, 16, color_type, 0, 0, 0)), (b"gAMA", struct.pack(">I", 45455)),
                 (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(Maker.chunk(*part) for part in parts)

    @staticmethod
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    def trial(self, chance, folder):
        if chance.random() < 0.1:
            (folder / "v.y4m").write_bytes(spoil(self.y4m, chance))
            return [["run", "--headless", "--json", "--frames", "4", "--source", "v.y4m", "--pace", "fast", "--model", str(self.network)]]
        for index in range(PHOTOS):
            data = self.jpeg(chance) if chance.random() < 0.5 else self.png(chance)
            (folder / f"{index}.{chance.choice(['jpg', 'png'])}").write_bytes(data)
        photos = sorted(path.name for path in folder.iterdir() if path.suffix in (".jpg", ".png"))
        return [["detect", *photos, "--model", str(self.network), "--json", "--save", "saved"],
                ["run", "--headless", "--json", "--source", ".", "--pace", "fast", "--model", str(self.network), "--record", "recorded"]]

    def jpeg(self, chance):
        data = chance.choice(self.jpegs)
        if chance.random() < 0.4:
            return spoil(data, chance)
        # Segments: changed within, doubled, moved, left out; lengths stay right.
        segments, position = [], 2
        while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] != 0xDA:
            length = struct.unpack(">H", data[position + 2:position + 4])[0]
            segments.append((data[position + 1], data[position + 4:position + 2 + length]))
            position += 2 + length
        rest = data[position:]
        for _ in range(chance.randint(1, 3)):
            index = chance.randrange(len(segments))
            marker, body = segments[index]
            action = chance.randrange(6)
            if action == 0:
                segments[index] = (marker, spoil(body, chance, 3)[:60000])
            elif action == 1:
                segments.insert(chance.randrange(len(segments) + 1), (marker, body))
            elif action == 2:
                segments.append(segments.pop(index))
            elif action == 3 and len(segments) > 1:
                del segments[index]
            elif action == 4:
                segments[index] = (chance.choice([0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA, 0xDB, 0xDD, 0xE1, 0xE2, 0xEE, 0xFE]), body)
            elif marker in (0xC0, 0xC2):
                # Size and sampling factors.
                frame = bytearray(body)
                frame[1:5] = struct.pack(">HH", chance.choice([0, 1, 50, 8000, 65535]), chance.choice([0, 1, 70, 8000, 65535]))
                if len(frame) > 7:
                    frame[7] = chance.choice([0x11, 0x12, 0x21, 0x22, 0x41, 0x14, 0x44, 0x31, 0x13, 0x00, 0xFF])
                segments[index] = (marker, bytes(frame))
        if chance.random() < 0.2:
            # Scan after scan over the same picture.
            rest = rest.replace(b"\xff\xd9", b"") * chance.choice([2, 50, 2000]) + b"\xff\xd9"
        joined = b"".join(b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body for marker, body in segments)
        return b"\xff\xd8" + joined + rest

    def png(self, chance):
        data = chance.choice(self.pngs)
        if chance.random() < 0.3:
            return spoil(data, chance)
        chunks, position = [], 8
        while position + 12 <= len(data):
            length = struct.unpack(">I", data[position:position + 4])[0]
            chunks.append((data[position + 4:position + 8], data[position + 8:position + 8 + length]))
            position += 12 + length
        for _ in range(chance.randint(1, 3)):
            index = chance.randrange(len(chunks))
            kind, body = chunks[index]
            action = chance.randrange(6)
            if action == 0:
                chunks[index] = (kind, spoil(body, chance, 3))
            elif action == 1:
                chunks.insert(chance.randrange(len(chunks) + 1), (kind, body))
            elif action == 2:
                chunks[index] = (chance.choice([b"IDAT", b"PLTE", b"tRNS", b"gAMA", b"iCCP", b"eXIf", b"zTXt", b"acTL", b"sRGB"]), body)
            elif action == 3 and kind == b"IHDR" and len(body) == 13:
                header = bytearray(body)
                header[:8] = struct.pack(">II", *(chance.choice([0, 1, 9, 70, 30000, 1 << 31, (1 << 31) - 1]) for _ in range(2)))
                header[8], header[9], header[12] = chance.choice([1, 2, 4, 8, 16, 3]), chance.randrange(7), chance.randrange(3)
                chunks[index] = (kind, bytes(header))
            elif action == 4 and kind == b"IDAT":
                # A deflate bomb: much of one byte.
                chunks[index] = (kind, zlib.compress(bytes(chance.choice([0, 1, 1 << 20, 50 << 20]))))
            elif action == 5:
                chunks.insert(1, (chance.choice([b"zTXt", b"iCCP"]), b"x\0\0" + zlib.compress(bytes(chance.choice([1, 50 << 20])))))
        body = b"".join(self.chunk(kind, content) for kind, content in chunks)
        if chance.random() < 0.2:
            body = body[:chance.randrange(len(body))]
        return b"\x89PNG\r\n\x1a\n" + body
