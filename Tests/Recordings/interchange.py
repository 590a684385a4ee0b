"""Recordings between Ocellus and the Python readers of PyPI: mcap, mcap-ros2-support, rosbags.

    interchange.py write FOLDER    writes MCAP files in every way that the `mcap` package knows, and a robot's bags of
                                   uncompressed pictures in common encodings, for our reader
    interchange.py check FOLDER    reads our files with every package and compares the values
"""
import json
import pathlib
import sys


def write(folder):
    from mcap.writer import CompressionType, IndexType, Writer

    expected = {}
    combinations = []
    for compression in (CompressionType.NONE, CompressionType.LZ4, CompressionType.ZSTD):
        for crcs in (True, False):
            for index in (IndexType.ALL, IndexType.NONE, IndexType.MESSAGE, IndexType.CHUNK):
                combinations.append(dict(
                    use_chunking=True, compression=compression, enable_crcs=crcs, enable_data_crcs=crcs,
                    index_types=index))
    for summary in (True, False):
        combinations.append(dict(use_chunking=False, use_statistics=summary, use_summary_offsets=summary,
                                 repeat_channels=summary, repeat_schemas=summary))
        combinations.append(dict(use_chunking=True, use_statistics=summary, use_summary_offsets=summary,
                                 repeat_channels=summary, repeat_schemas=summary))
    for number, options in enumerate(combinations):
        name = f"foreign_{number:02}.mcap"
        messages = []
        with open(folder / name, "wb") as file:
            writer = Writer(file, chunk_size=700, **options)
            writer.start(profile="ros2", library="python")
            schema = writer.register_schema("std_msgs/msg/String", "ros2msg", b"string data")
            a = writer.register_channel("/a", "cdr", schema, {"offered_qos_profiles": ""})
            b = writer.register_channel("/b", "cdr", 0, {})
            for index in range(60):
                data = bytes((index * k) % 251 for k in range(10 + index))
                topic = "/a" if index % 4 else "/b"
                time = 1_000_000_000 + index * 1_000_000
                writer.add_message(a if index % 4 else b, time, data, time)
                messages.append({"topic": topic, "time": time, "data": list(data)})
            writer.add_attachment(0, 0, "calibration.yaml", "text/yaml", b"fx: 1")
            writer.add_metadata("session", {"robot": "7"})
            writer.finish()
        expected[name] = {"messages": messages, "attachments": 1, "metadata": 1}
    (folder / "expected.json").write_text(json.dumps(expected))
    bags = robot_bags(folder)
    print(f"wrote {len(expected)} files and {bags} bags of a robot")


IMAGE = """std_msgs/Header header
uint32 height
uint32 width
string encoding
uint8 is_bigendian
uint32 step
uint8[] data
================================================================================
MSG: std_msgs/Header
builtin_interfaces/Time stamp
string frame_id
================================================================================
MSG: builtin_interfaces/Time
int32 sec
uint32 nanosec
"""
WIDTH, HEIGHT, PICTURES = 64, 48, 10
# The four quarters of the robot's picture: red, green, blue, grey.
QUARTERS = [(200, 40, 40), (40, 180, 60), (50, 60, 190), (128, 128, 128)]


def color(x, y):
    return QUARTERS[(y >= HEIGHT // 2) * 2 + (x >= WIDTH // 2)]


def luma(pixel):
    r, g, b = pixel
    return round(0.299 * r + 0.587 * g + 0.114 * b)


def video(pixel):
    """Y, U, V as cameras send them and OpenCV reads them: BT.601, 16 to 235."""
    r, g, b = pixel
    return (round(16 + 0.257 * r + 0.504 * g + 0.098 * b), round(128 - 0.148 * r - 0.291 * g + 0.439 * b),
            round(128 + 0.439 * r - 0.368 * g - 0.071 * b))


def encodings():
    """sensor_msgs/image_encodings.hpp: what one pixel at x, y looks like in each; bytes a pixel; big-endian or not."""
    def bayer(tile):
        return lambda x, y: [color(x, y)["rgb".index(tile[(y % 2) * 2 + x % 2])]]

    def yuv(order):
        def pixel(x, y):
            l, *uv = video(color(x, y))
            return [uv[x % 2], l] if order == "uyvy" else [l, uv[x % 2]]
        return pixel

    plain = lambda order: lambda x, y: [dict(zip("rgba", (*color(x, y), 255)))[c] for c in order]
    yield "rgb8", 3, False, plain("rgb")
    yield "bgr8", 3, False, plain("bgr")
    yield "rgba8", 4, False, plain("rgba")
    yield "bgra8", 4, False, plain("bgra")
    yield "mono8", 1, False, lambda x, y: [luma(color(x, y))]
    yield "mono16", 2, False, lambda x, y: [0, luma(color(x, y))]
    yield "mono16", 2, True, lambda x, y: [luma(color(x, y)), 0]
    for tile in ("rggb", "bggr", "gbrg", "grbg"):
        yield f"bayer_{tile}8", 1, False, bayer(tile)
    yield "yuv422", 2, False, yuv("uyvy")
    yield "yuv422_yuy2", 2, False, yuv("yuyv")


def robot_bags(folder):
    """A bag an encoding: by mcap-ros2-support, and one as `ros2 bag record` leaves it, by rosbags."""
    from mcap_ros2.writer import Writer

    expected = {}
    for encoding, size, is_bigendian, pixel in encodings():
        padding = 12  # Rows of drivers are often longer than their pixels.
        rows = b"".join(
            bytes(value for x in range(WIDTH) for value in pixel(x, y)) + bytes(padding) for y in range(HEIGHT))
        name = f"robot_{encoding}{'_big' if is_bigendian else ''}.mcap"
        with open(folder / name, "wb") as file:
            writer = Writer(file)
            schema = writer.register_msgdef("sensor_msgs/msg/Image", IMAGE)
            for index in range(PICTURES):
                time = 1_700_000_000_000_000_000 + index * 100_000_000
                header = {"stamp": {"sec": time // 10**9, "nanosec": time % 10**9}, "frame_id": "front"}
                writer.write_message("/front/image_raw", schema, {
                    "header": header, "height": HEIGHT, "width": WIDTH, "encoding": encoding,
                    "is_bigendian": int(is_bigendian), "step": WIDTH * size + padding, "data": rows,
                }, log_time=time, publish_time=time, sequence=index)
            writer.finish()
        gray = "mono" in encoding
        expected[name] = [[luma(c)] * 3 if gray else list(c) for c in QUARTERS]
    expected[rosbags_bag(folder)] = [list(c) for c in QUARTERS]
    (folder / "robot.json").write_text(json.dumps(expected))
    return len(expected)


def rosbags_bag(folder):
    import numpy
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_HUMBLE)
    Image, Header, Time = (
        store.types[f"{n}"] for n in ("sensor_msgs/msg/Image", "std_msgs/msg/Header", "builtin_interfaces/msg/Time"))
    data = numpy.array(
        [value for y in range(HEIGHT) for x in range(WIDTH) for value in color(x, y)], dtype=numpy.uint8)
    with Writer(folder / "robot_bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/front/image_raw", Image.__msgtype__, typestore=store)
        for index in range(PICTURES):
            time = 1_700_000_000_000_000_000 + index * 100_000_000
            header = Header(stamp=Time(sec=time // 10**9, nanosec=time % 10**9), frame_id="front")
            image = Image(
                header=header, height=HEIGHT, width=WIDTH, encoding="rgb8", is_bigendian=0, step=WIDTH * 3, data=data)
            writer.write(connection, time, store.serialize_cdr(image, Image.__msgtype__))
    return "robot_bag/" + next((folder / "robot_bag").glob("*.mcap")).name


def records(path):
    """Every record, checksums validated: through the stream, and through the index."""
    from mcap.reader import NonSeekingReader, SeekingReader
    from mcap.stream_reader import StreamReader

    with open(path, "rb") as file:
        count = sum(1 for _ in StreamReader(file, validate_crcs=True).records)
    with open(path, "rb") as file:
        streamed = sum(1 for _ in NonSeekingReader(file, validate_crcs=True).iter_messages())
    with open(path, "rb") as file:
        reader = SeekingReader(file, validate_crcs=True)
        indexed = sum(1 for _ in reader.iter_messages())
        summary = reader.get_summary()
        list(reader.iter_attachments())
        metadata = list(reader.iter_metadata())
        session = [record for record in metadata if record.name == "ocellus.session"]
        models = [record for record in metadata if record.name == "ocellus.models"]
    assert streamed == indexed == summary.statistics.message_count, (streamed, indexed)
    assert len(session) == 1 and "part" in session[0].metadata, session
    assert all(record.metadata["detector"] == "finder" for record in models), models
    assert summary.chunk_indexes and all(index.message_index_offsets for index in summary.chunk_indexes)
    return count


def decoded(path):
    """Every message through mcap-ros2-support, by topic."""
    from mcap.reader import make_reader
    from mcap_ros2.decoder import DecoderFactory

    topics = {}
    with open(path, "rb") as file:
        for schema, channel, message, value in make_reader(
            file, decoder_factories=[DecoderFactory()]
        ).iter_decoded_messages():
            topics.setdefault(channel.topic, []).append((message, value))
    return topics


def through_rosbags(path):
    from rosbags.highlevel import AnyReader

    seen = {}
    with AnyReader([path]) as reader:
        assert all(connection.ext.offered_qos_profiles for connection in reader.connections)
        for connection, time, data in reader.messages():
            message = reader.deserialize(data, connection.msgtype)
            seen.setdefault(connection.topic, []).append((time, message))
    return seen


def same(values, wanted, what):
    assert len(values) == len(wanted) and all(abs(a - b) < 1e-9 for a, b in zip(values, wanted)), (what, values, wanted)


def compare(path, topics, bags, expected):
    """Field values, both readers; returns the numbers of the frames in this file."""
    numbers = []
    for (message, value), (time, bag) in zip(topics["/ocellus/detections"], bags["/ocellus/detections"], strict=True):
        line = next(v for m, v in topics["/ocellus/results"] if m.log_time == message.log_time)
        record = json.loads(line.data)
        number = record["frame"] - 1
        numbers.append(number)
        for reading in (value, bag):
            stamp = reading.header.stamp
            nanoseconds = getattr(stamp, "nanosec")
            assert stamp.sec * 1_000_000_000 + nanoseconds == message.log_time == time
            detection = reading.detections[0]
            hypothesis = detection.results[0].hypothesis
            assert hypothesis.class_id == expected["labels"][number]
            same([hypothesis.score], [expected["confidences"][number]], "score")
            box = detection.bbox
            same([box.center.position.x, box.center.position.y, box.size_x, box.size_y], expected["boxes"][number], "box")
            assert detection.id == expected["tracks"][number]
            assert detection.results[1].hypothesis.class_id == "open"
            assert detection.results[0].pose.pose.orientation.w == 1.0
        assert record["detections"][0]["label"] == expected["labels"][number]
    for source in (topics["/camera/image_raw/compressed"], bags["/camera/image_raw/compressed"]):
        for (_, image), number in zip(source, numbers, strict=True):
            assert image.format == "jpeg" and image.header.frame_id == "camera"
            data = bytes(image.data)
            assert len(data) == expected["pictureBytes"][number] and data[:2] == b"\xff\xd8", number
    for source in (topics, bags):
        annotation = source["/ocellus/annotations"][0][1]
        assert len(annotation.points[0].points) == 4 and annotation.points[0].type == 2
        assert annotation.texts[0].text.startswith(expected["labels"][numbers[0]])
        assert source["/ocellus/classification"][0][1].results[0].class_id == "indoors"
        status = source["/diagnostics"][0][1].status[0]
        values = {pair.key: pair.value for pair in status.values}
        assert float(values["inference_ms"]) == 12.0, values
        for _, log in source.get("/rosout", []):
            assert log.name == "ocellus" and log.msg and log.level in (20, 30, 40)
        statuses = {status.name: {pair.key for pair in status.values} for status in source["/diagnostics"][0][1].status}
        assert {"damaged", "passed_over"} <= statuses["ocellus: frames"], statuses
        assert {"brightness", "contrast"} <= statuses["ocellus: picture"], statuses
    return numbers


def check(folder):
    expected = json.loads((folder / "expected.json").read_text())
    frames = {}
    for name in expected["files"]:
        path = folder / name
        count = records(path)
        topics = decoded(path)
        bags = through_rosbags(path)
        assert {t: len(m) for t, m in topics.items()} == {t: len(m) for t, m in bags.items()}
        numbers = compare(path, topics, bags, expected)
        frames.setdefault(name.rsplit("_", 1)[0], []).extend(numbers)
        print(f"{name}: {count} records, {sum(map(len, topics.values()))} messages, {len(numbers)} frames")
    for group, numbers in frames.items():
        wanted = list(range(expected["frames"]))
        if group.startswith("recovered"):
            assert numbers and numbers == wanted[: len(numbers)], (group, numbers)
        else:
            assert numbers == wanted, (group, numbers)
    print(f"{len(expected['files'])} files open and agree in mcap, mcap-ros2-support and rosbags")


if __name__ == "__main__":
    command, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    {"write": write, "check": check}[command](folder)
