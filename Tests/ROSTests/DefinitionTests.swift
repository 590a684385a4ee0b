import Ground
import ROS
import TestSupport
import Testing

/// Messages are read by the definition in their file, whatever order, types and further fields it has.
@Suite struct DefinitionTests {
  /// A value of a message as the test writes it, apart from the code under test.
  indirect enum Value {
    case number(String, Double)
    case text(String)
    case message([(name: String, value: Value)])
    case list([Value])

    /// The type's name in a definition; those of messages are collected in `types`.
    func typeName(_ types: inout [String: String], _ random: inout SeededGenerator) -> String {
      switch self {
      case .number(let type, _): return type
      case .text: return "string"
      case .list(let values):
        return (values.first?.typeName(&types, &random) ?? "uint8") + "[]"
      case .message(let fields):
        let body = fields.map { field in "\(field.value.typeName(&types, &random)) \(field.name)" }
        let name = "test_msgs/T\(types.count)"
        types[name] = body.joined(separator: "\n") + "\n"
        return name
      }
    }

    func write(_ out: inout ByteWriter) {
      func align(_ size: Int) { while (out.count - 4) % size != 0 { out.append(UInt8(0)) } }
      switch self {
      case .number(let type, let value):
        switch type {
        case "bool", "uint8", "byte", "int8": out.append(UInt8(truncatingIfNeeded: Int(saturating: value)))
        case "int16", "uint16":
          align(2)
          out.append(UInt16(truncatingIfNeeded: Int(saturating: value)))
        case "int32", "uint32":
          align(4)
          out.append(UInt32(truncatingIfNeeded: Int(saturating: value)))
        case "int64", "uint64":
          align(8)
          out.append(UInt64(truncatingIfNeeded: Int(saturating: value)))
        case "float32":
          align(4)
          out.append(Float(value).bitPattern)
        default:
          align(8)
          out.append(value.bitPattern)
        }
      case .text(let text):
        align(4)
        out.append(UInt32(text.utf8.count + 1))
        out.append(Array(text.utf8) + [0])
      case .message(let fields): for field in fields { field.value.write(&out) }
      case .list(let values):
        align(4)
        out.append(UInt32(values.count))
        for value in values { value.write(&out) }
      }
    }
  }

  private struct Written {
    var definition: String
    var bytes: [UInt8]
  }

  private func written(_ message: Value, _ random: inout SeededGenerator) -> Written {
    var types: [String: String] = [:]
    let root = message.typeName(&types, &random)
    var text = types.removeValue(forKey: root) ?? ""
    for (name, body) in types.sorted(by: { $0.key < $1.key }) {
      text += String(repeating: "=", count: 80) + "\nMSG: \(name)\n# a comment\nint8 LEAST=-1\n" + body
    }
    var out = ByteWriter()
    out.append(UInt32(0x0100))
    message.write(&out)
    return Written(definition: text, bytes: out.bytes)
  }

  /// Fields that nobody asks for, among those that are, in any order.
  private func mixed(_ fields: [(name: String, value: Value)], _ random: inout SeededGenerator) -> Value {
    var all = fields
    for number in 0..<Int.random(in: 0...3, using: &random) {
      let types = ["bool", "int8", "uint16", "int32", "float32", "float64", "uint64", "byte"]
      let type = types.randomElement(using: &random) ?? "int8"
      let extra: Value
      switch Int.random(in: 0..<4, using: &random) {
      case 0: extra = .number(type, 7)
      case 1: extra = .text(String(repeating: "x", count: Int.random(in: 0...9, using: &random)))
      case 2: extra = .list((0..<Int.random(in: 1...5, using: &random)).map { .number(type, Double($0)) })
      default: extra = .message([("inner_\(number)", .text("é")), ("other", .number(type, 1))])
      }
      all.append(("extra_\(number)", extra))
    }
    return .message(all.shuffled(using: &random))
  }

  private func real(_ value: Double, _ random: inout SeededGenerator) -> Value {
    .number(Bool.random(using: &random) ? "float64" : "float32", value)
  }

  private func reader<Message: ReadableMessage>(
    _ text: String, _ type: String = Message.typeNames[0], encoding: String = "ros2msg", messages: String = "cdr"
  ) throws -> MessageReader<Message> {
    try MessageReader<Message>(
      typeName: type, schema: Array(text.utf8), schemaEncoding: encoding, messageEncoding: messages)
  }

  @Test func anyLayoutOfDetectionsIsReadByNames() throws {
    var random = SeededGenerator(15)
    for round in 0..<300 {
      let version = round % 4
      let labels = (0..<Int.random(in: 1...3, using: &random)).map { "l\($0)" }
      var objects: [Value] = []
      // Every element of a list has one layout, so that one object is drawn and its numbers change.
      let seed = random.next()
      for number in 0..<Int.random(in: 1...4, using: &random) {
        var layout = SeededGenerator(seed)
        let results = labels.map { label -> Value in
          var same = SeededGenerator(seed ^ 1)
          let id: Value = version == 0 ? .number("int64", Double(number * 1000)) : .text(label)
          let pair: [(String, Value)] = [(version < 2 ? "id" : "class_id", id), ("score", real(0.5, &same))]
          return version < 2
            ? mixed(pair, &same) : mixed([("hypothesis", mixed(pair, &same)), ("pose", .number("int8", 1))], &same)
        }
        let place: [(String, Value)] = [("x", real(Double(number) + 0.25, &layout)), ("y", real(-4.5, &layout))]
        let center =
          version == 3
          ? mixed([("position", mixed(place, &layout)), ("theta", real(0.125, &layout))], &layout)
          : mixed(place + [("theta", real(0.125, &layout))], &layout)
        let box = mixed([("center", center), ("size_x", real(8, &layout)), ("size_y", real(2.5, &layout))], &layout)
        let track: [(String, Value)] =
          version < 2 ? [("is_tracking", .number("bool", 1)), ("tracking_id", .text("9"))] : [("id", .text("9"))]
        objects.append(mixed([("results", .list(results)), ("bbox", box)] + track, &layout))
      }
      let header = mixed(
        [
          ("stamp", .message([("sec", .number("int32", 12)), ("nanosec", .number("uint32", 34))])),
          ("frame_id", .text("left")),
        ], &random)
      let message = written(mixed([("header", header), ("detections", .list(objects))], &random), &random)
      let reader: MessageReader<Detection2DArray> = try reader(message.definition)
      let read = try reader.read(message.bytes[...])
      #expect(try reader.header(message.bytes[...]) == read.header)
      #expect(read.header.stamp.total == 12_000_000_034 && read.header.frameID == "left")
      #expect(read.detections.count == objects.count)
      for (number, object) in read.detections.enumerated() {
        #expect(object.centerX == Double(number) + 0.25 && object.centerY == -4.5 && object.theta == 0.125)
        #expect(object.width == 8 && object.height == 2.5 && object.id == "9")
        #expect(object.results.map(\.classID) == labels.map { version == 0 ? String(number * 1000) : $0 })
        #expect(object.results.allSatisfy { $0.score == 0.5 })
      }
      // Cut off anywhere it is an error, or all that is asked for came before.
      for length in stride(from: 0, to: message.bytes.count, by: 7) {
        do { _ = try reader.read(message.bytes[..<length]) } catch { #expect(error is ROSError) }
      }
    }
  }

  @Test func ownDefinitionsReadOwnMessages() throws {
    let message = Detection2DArray(
      header: ROSHeader(stamp: 5, frameID: "c"),
      detections: [.init(results: [.init(classID: "a", score: 0.25)], centerX: 1, width: 2, height: 3, id: "4")])
    var encoder = CDREncoder(ByteWriter())
    message.encode(to: &encoder)
    for text in [ROSSchemas.text(of: Detection2DArray.typeName), "", " \n"] {
      let reader: MessageReader<Detection2DArray> = try reader(text)
      #expect(try reader.read(encoder.out.bytes[...]) == message)
    }
  }

  private static let image = """
    std_msgs/Header header
    uint32 height
    uint32 width
    string encoding
    uint8 is_bigendian
    uint32 step
    uint8[] data
    ================================================================================
    MSG: std_msgs/Header
    uint32 seq
    time stamp
    string frame_id
    """

  /// ROS 1: no padding, strings without a closing NUL, a sequence number in the header.
  @Test func bagsOfROS1AreRead() throws {
    var out = ByteWriter()
    for number in [7, 12, 34] as [UInt32] { out.append(number) }
    func text(_ text: String) {
      out.append(UInt32(text.utf8.count))
      out.append(Array(text.utf8))
    }
    text("cam")
    out.append(UInt32(1))
    out.append(UInt32(2))
    text("mono8")
    out.append(UInt8(0))
    out.append(UInt32(2))
    out.append(UInt32(2))
    out.append([5, 6] as [UInt8])
    let reader: MessageReader<RawImage> = try reader(
      DefinitionTests.image, encoding: "ros1msg", messages: "ros1")
    let read = try reader.read(out.bytes[...])
    #expect(read.header == ROSHeader(stamp: 12_000_000_034, frameID: "cam"))
    #expect(read.width == 2 && read.height == 1 && read.encoding == "mono8" && Array(read.data) == [5, 6])
  }

  @Test(arguments: [
    ("uint8[] other", "has no field"), ("uint8 data\nstring format", "of a type that is not read"),
    ("wstring format\nuint8[] data", "wide"), ("a/B data", "a/B is not in it"),
    ("a/B data\n" + String(repeating: "=", count: 80) + "\nMSG: a/B\na/B inner", "holds itself"),
    ("uint8[99999999999999] data", "length"), ("uint8[-1] data", "length"), ("uint8[]", "without a name"),
  ])
  func otherDefinitionsAreRefusedInWords(_ text: String, _ words: String) throws {
    let error = #expect(throws: ROSError.self) {
      let reader: MessageReader<CompressedImage> = try reader(text)
      _ = try reader.read([0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][...])
    }
    #expect(error?.line.contains(words) ?? false, "\(error?.line ?? "")")
  }

  @Test(arguments: [
    ("ros2idl", "cdr"), ("omgidl", "cdr"), ("ros2msg", "json"), ("ros1msg", "cdr"), ("protobuf", "protobuf"),
  ])
  func otherEncodingsAreRefusedInWords(_ schema: String, _ messages: String) throws {
    let error = #expect(throws: ROSError.self) {
      let _: MessageReader<CompressedImage> = try reader("uint8[] data", encoding: schema, messages: messages)
    }
    #expect(error?.kind == .unsupported && !(error?.remedy.isEmpty ?? true))
  }

  /// Types that hold each other twice have as many values as there are grains of sand; none of them is looked at in vain.
  @Test(.timeLimit(.minutes(5))) func hostileDefinitionsCostLittle() throws {
    let line = "\n" + String(repeating: "=", count: 80) + "\n"
    for isROS1 in [false, true] {
      var text = "a/T0 wide\nstring format\nuint8[] data"
      for depth in 0..<25 {
        text += line + "MSG: a/T\(depth)\na/T\(depth + 1) x\na/T\(depth + 1)[3] y\na/T\(depth + 1)[] z"
      }
      text += line + "MSG: a/T25\n"
      let bytes = [0, 1, 0, 0] + [UInt8](repeating: 0, count: 4000)
      #expect(throws: ROSError.self) {
        let reader: MessageReader<CompressedImage> = try reader(
          text, encoding: isROS1 ? "ros1msg" : "ros2msg", messages: isROS1 ? "ros1" : "cdr")
        _ = try reader.read(bytes[...])
      }
    }
    let deep = (0..<100).map { line + "MSG: a/T\($0)\na/T\($0 + 1) x" }.joined() + line + "MSG: a/T100\nuint8 x"
    let texts = [
      "a/T0 data" + deep, String(repeating: "uint8 a\n", count: 100_000) + "uint8[] data",
      String(repeating: "#", count: 2 << 20) + "\nuint8[] data",
    ]
    for text in texts {
      let error = #expect(throws: ROSError.self) { let _: MessageReader<CompressedImage> = try reader(text) }
      #expect(error?.kind == .tooLarge)
    }
  }

  @Test func noiseIsAnErrorOrAMessage() {
    var random = SeededGenerator(3)
    let words = [
      "uint8[] data", "string", "[", "]", "=", "# x", "MSG: a/B", "===", "a/B c", "data", "<=", "\n", " ", "9",
    ]
    for _ in 0..<2000 {
      let text = (0..<Int.random(in: 1...12, using: &random)).map { _ in
        (words.randomElement(using: &random) ?? "") + (Bool.random(using: &random) ? "\n" : " ")
      }.joined()
      let bytes = [0, 1, 0, 0] + (0..<64).map { _ in UInt8.random(in: 0...3, using: &random) }
      do {
        let reader: MessageReader<CompressedImage> = try reader(text)
        _ = try reader.read(bytes[...])
      } catch { #expect(error is ROSError) }
    }
  }
}
