"""Recordings: the program's own, damaged at byte level, with and without checksums that fit."""
from damage import INTEGERS, spoil

MAGIC = b"\x89MCAP0\r\n"


class Maker:
    def __init__(self, folder, program):
        folder.mkdir(parents=True)
        self.seeds = []
        for how in ("none", "lz4", "zstd"):
            target = folder / how
            outcome = program.run(["run", "--headless", "--source", "demo:seed=3", "--frames", "12", "--size", "160x120", "--record",
                                   str(target), "--compression", how], folder)
            files = sorted(target.rglob("*.mcap"))
            if outcome.status != 0 or not files:
                raise SystemExit(f"no recording to start from: {outcome.error}")
            self.seeds.append(files[0].read_bytes())

    def trial(self, chance, folder):
        data = chance.choice(self.seeds)
        data = chance.choice([spoil, self.spoil_record, self.spoil_record, self.long_record, self.twice, self.cut])(data, chance)
        (folder / "r.mcap").write_bytes(data)
        target = chance.choice(["coco", "csv", "jsonl", "frames", "video"])
        return [["info", "r.mcap", "--json"],
                chance.choice([["replay", "r.mcap", "--headless", "--json", "--speed", "0"],
                               ["export", "r.mcap", "--to", target, "--output", "out.mp4" if target == "video" else "out"],
                               ["recover", "r.mcap", "recovered.mcap"]])]

    @staticmethod
    def records(data):
        """(begin, opcode, length) of each record at the top level."""
        position, found = len(MAGIC), []
        while position + 9 <= len(data) - len(MAGIC):
            length = int.from_bytes(data[position + 1:position + 9], "little")
            if position + 9 + length > len(data):
                break
            found.append((position, data[position], length))
            position += 9 + length
        return found

    def spoil_record(self, data, chance):
        """Damage within one record, whose length stays right: what lies in it is read in earnest."""
        begin, _, length = chance.choice(self.records(data))
        body = bytearray(spoil(data[begin + 9:begin + 9 + length], chance, 3))
        if chance.random() < 0.3 and len(body) >= 8:
            position = chance.randrange(len(body) - 7)
            body[position:position + 8] = (chance.choice(INTEGERS) & ((1 << 64) - 1)).to_bytes(8, "little")
        return data[:begin + 1] + len(body).to_bytes(8, "little") + bytes(body) + data[begin + 9 + length:]

    def long_record(self, data, chance):
        """A record that says it is longer than the file."""
        begin, _, _ = chance.choice(self.records(data))
        length = (chance.choice(INTEGERS) & ((1 << 64) - 1)).to_bytes(8, "little")
        return data[:begin + 1] + length + data[begin + 9:]

    def twice(self, data, chance):
        """Records in another order, several times."""
        parts = [data[begin:begin + 9 + length] for begin, _, length in self.records(data)]
        for _ in range(chance.randint(1, 5)):
            parts.insert(chance.randrange(len(parts) + 1), chance.choice(parts) * chance.choice([1, 1, 3, 200]))
            if chance.random() < 0.5:
                del parts[chance.randrange(len(parts))]
        return MAGIC + b"".join(parts) + MAGIC

    @staticmethod
    def cut(data, chance):
        return data[:chance.randrange(len(data))] + chance.choice([b"", MAGIC, bytes(4096)])
