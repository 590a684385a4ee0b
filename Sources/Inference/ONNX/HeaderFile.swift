import Glibc
import Ground

/// A model file without its weights: reading the ports of a network of gigabytes takes some of its pages.
///
/// The parts are read into memory that is as long as the file and empty elsewhere, so that the decoder finds everything at
/// its place. Not mapped, for the reason that ``ModelFile`` gives.
final class HeaderFile {
  let bytes: UnsafeRawBufferPointer
  private let target: UnsafeMutableRawBufferPointer
  private let descriptor: Int32
  private let path: String
  /// By block: whether it has been read.
  private var isRead: [Bool]

  private static let block = 16 << 10
  /// Payloads of a tensor that are shorter are read like everything else.
  private static let shortest = 4 << 10

  /// Messages on the way to a tensor's payload, with the fields that lead on (onnx.proto).
  private enum Level {
    case model, graph, node, attribute, tensor

    func next(_ field: Int) -> Level? {
      switch self {
      case .model: field == 7 ? .graph : nil
      case .graph: field == 5 ? .tensor : field == 1 ? .node : nil
      case .node: field == 5 ? .attribute : nil
      case .attribute: field == 5 ? .tensor : nil
      case .tensor: nil
      }
    }

    /// Whether the field holds elements: of the types' own fields, or raw.
    func isPayload(_ field: Int) -> Bool {
      if case .tensor = self { return [4, 5, 7, 9, 10, 11].contains(field) }
      return false
    }
  }

  /// - Throws: ``InferenceError``.
  init(path: String) throws {
    func failure(_ what: String) -> InferenceError { InferenceError(.unreadableFile, what, place: path) }
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw failure("cannot be opened: \(String(cString: strerror(errno)))") }
    var facts = stat()
    guard fstat(file, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG, facts.st_size > 0 else {
      close(file)
      throw failure(facts.st_size == 0 && facts.st_mode & S_IFMT == S_IFREG ? "is empty" : "is not a regular file")
    }
    let count = Int(facts.st_size)
    guard let start = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0),
      start != MAP_FAILED
    else {
      close(file)
      throw InferenceError(.overLimit, "no memory for its \(count >> 20) MiB", place: path)
    }
    self.path = path
    descriptor = file
    target = UnsafeMutableRawBufferPointer(start: start, count: count)
    bytes = UnsafeRawBufferPointer(target)
    isRead = [Bool](repeating: false, count: (count + HeaderFile.block - 1) / HeaderFile.block)
    try read(0..<min(count, HeaderFile.block))
    try walk(0..<count, .model)
  }

  deinit {
    munmap(target.baseAddress, target.count)
    close(descriptor)
  }

  /// Reads the fields of the message at `range`, but for the payloads of tensors inside. What is not well formed ends the
  /// walk: the decoder meets the same place and says so.
  private func walk(_ range: Range<Int>, _ level: Level) throws {
    var position = range.lowerBound
    while position < range.upperBound {
      // A tag and a length take ten bytes each at most.
      try read(position..<min(range.upperBound, position + 20))
      guard let tag = varint(&position, range.upperBound) else { return }
      let field = Int(truncatingIfNeeded: tag >> 3)
      guard field > 0 else { return }
      switch tag & 7 {
      case 0: guard varint(&position, range.upperBound) != nil else { return }
      case 1: position += 8
      case 5: position += 4
      case 2:
        guard let length = varint(&position, range.upperBound).flatMap(Int.init(exactly:)),
          length <= range.upperBound - position
        else { return }
        let body = position..<position + length
        if let next = level.next(field) {
          try walk(body, next)
        } else if !level.isPayload(field) || length < HeaderFile.shortest {
          try read(body)
        }
        position += length
      // Groups and the two types that protobuf does not define: the decoder refuses the file at the same place.
      default: return
      }
    }
  }

  private func varint(_ position: inout Int, _ end: Int) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), through: 63, by: 7) where position < end {
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }

  private func read(_ range: Range<Int>) throws {
    guard !range.isEmpty else { return }
    for block in range.lowerBound / HeaderFile.block...(range.upperBound - 1) / HeaderFile.block where !isRead[block] {
      try NetworkBudget.current?.reserve(HeaderFile.block)
      let start = block * HeaderFile.block
      let part = UnsafeMutableRawBufferPointer(
        rebasing: target[start..<min(target.count, start + HeaderFile.block)])
      let problem = ModelFile.fill(part, from: descriptor, at: start)
      guard problem == 0 else {
        throw InferenceError(
          .unreadableFile,
          problem == EPIPE ? "was cut while it was read" : "cannot be read: \(String(cString: strerror(problem)))",
          place: path)
      }
      isRead[block] = true
    }
  }
}
