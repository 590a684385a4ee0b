import Glibc
import Ground

/// NumPy's .npy files (numpy.lib.format): how tensors enter and leave the `infer` command and the tests.
public enum NpyFile {
  private static let magic: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]

  /// Reads a tensor. Big-endian and Fortran-ordered files are converted; text becomes a string tensor.
  ///
  /// - Throws: ``InferenceError``, its place the file.
  public static func read(_ path: String) throws -> Tensor {
    do {
      let file = try ModelFile(path: path)
      return try decode(file.bytes)
    } catch let error as InferenceError {
      throw error.place == path ? error : error.at(path)
    }
  }

  /// The tensor in the bytes of a .npy file; everything is copied out.
  package static func decode(_ bytes: UnsafeRawBufferPointer) throws -> Tensor {
    guard bytes.count >= 10, bytes.prefix(6).elementsEqual(magic) else {
      throw NpyHeader.malformed("it does not start with NumPy's magic")
    }
    let isLong = bytes[6] >= 2
    guard (1...3).contains(bytes[6]), bytes.count >= 12 else { throw NpyHeader.malformed("unknown version") }
    let short = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
    let long = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
    let start = isLong ? 12 : 10
    let length = isLong ? long : short
    guard length <= bytes.count - start, length < 1 << 20 else { throw NpyHeader.malformed("its header is cut") }
    let header = try NpyHeader(String(decoding: bytes[start..<start + length], as: UTF8.self))
    return try decode(UnsafeRawBufferPointer(rebasing: bytes[(start + length)...]), header)
  }

  private static func decode(_ payload: UnsafeRawBufferPointer, _ header: NpyHeader) throws -> Tensor {
    let count = try Tensor.checkedCount(header.shape)
    let type = try header.elementType()
    let unit = type?.byteCount ?? (header.kind == UInt8(ascii: "U") ? header.width * 4 : header.width)
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: unit)
    // Checked against the file before anything is allocated. Zero-width text would let any count through.
    guard !overflow, byteCount <= payload.count, unit > 0 || count <= 1 << 20 else {
      throw NpyHeader.malformed("shape \(header.shape) needs more bytes than the file has")
    }
    // NumPy stores Fortran-ordered arrays as the row-major transpose.
    let stored = header.isFortranOrder ? Array(header.shape.reversed()) : header.shape
    guard let type else {
      let strings = decodeText(payload, header, count)
      let tensor = Tensor(stored, strings: strings)
      return header.isFortranOrder ? try transposed(tensor) : tensor
    }
    let tensor = try Tensor(uninitialized: type, stored)
    tensor.storage.bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: payload[0..<byteCount]))
    if header.isBigEndian { swapBytes(tensor) }
    if type == .bool { TensorDecoder.normalizeBooleans(tensor.storage.bytes, count: byteCount) }
    return header.isFortranOrder ? try transposed(tensor) : tensor
  }

  private static func decodeText(_ payload: UnsafeRawBufferPointer, _ header: NpyHeader, _ count: Int) -> [String] {
    (0..<count).map { index in
      if header.kind == UInt8(ascii: "S") {
        let cell = payload[(index * header.width)..<((index + 1) * header.width)]
        return String(decoding: cell.prefix { $0 != 0 }, as: UTF8.self)
      }
      var text = String.UnicodeScalarView()
      for character in 0..<header.width {
        let raw = payload.loadUnaligned(fromByteOffset: (index * header.width + character) * 4, as: UInt32.self)
        let code = header.isBigEndian ? UInt32(bigEndian: raw) : UInt32(littleEndian: raw)
        if code == 0 { break }
        text.append(Unicode.Scalar(code) ?? "\u{fffd}")
      }
      return String(text)
    }
  }

  private static func swapBytes(_ tensor: Tensor) {
    let isComplex = tensor.type == .complex64 || tensor.type == .complex128
    let unit = isComplex ? tensor.type.byteCount / 2 : tensor.type.byteCount
    let bytes = tensor.storage.bytes
    for start in stride(from: 0, to: tensor.byteCount, by: unit) {
      for i in 0..<unit / 2 { bytes.swapAt(start + i, start + unit - 1 - i) }
    }
  }

  /// All axes reversed.
  private static func transposed(_ tensor: Tensor) throws -> Tensor {
    let shape = Array(tensor.shape.reversed())
    let size = tensor.type.byteCount
    let storage = try TensorStorage(byteCount: tensor.byteCount)
    var strings = tensor.strings
    var index = [Int](repeating: 0, count: shape.count)
    for target in 0..<tensor.count {
      var source = 0
      for axis in shape.indices.reversed() { source = source * shape[axis] + index[axis] }
      if let values = tensor.strings {
        strings?[target] = values[source]
      } else {
        (storage.bytes.baseAddress.unsafelyUnwrapped + target * size)
          .copyMemory(from: tensor.base + source * size, byteCount: size)
      }
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
        axis -= 1
      }
    }
    return Tensor(type: tensor.type, shape: shape, storage: storage, byteOffset: 0, strings: strings)
  }

  /// Writes a tensor under a temporary name and renames it, so that no half-written file is left under `path`.
  ///
  /// - Throws: ``InferenceError`` when NumPy has no such type (bfloat16) or the file cannot be written.
  public static func write(_ tensor: Tensor, to path: String) throws {
    let bytes = try encode(tensor)
    do throws(SystemError) { try WholeFile.write(bytes, to: path) } catch {
      throw InferenceError(.unreadableFile, "cannot be written: \(error.words)", place: path, errno: error.code)
    }
  }

  /// The bytes of a .npy file (version 1.0) that holds `tensor`.
  package static func encode(_ tensor: Tensor) throws -> [UInt8] {
    let text = tensor.strings.map { strings in strings.map { Array($0.unicodeScalars) } }
    let width = max(1, text?.map(\.count).max() ?? 0)
    guard let descriptor = text != nil ? "<U\(width)" : NpyHeader.descriptor(of: tensor.type) else {
      throw InferenceError(.unsupportedFeature, ".npy files cannot hold \(tensor.type.name)")
    }
    let shape = tensor.shape.map { "\($0)," }.joined(separator: " ")
    var header = Array("{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(shape)), }".utf8)
    // The payload starts at a multiple of 64 bytes, and the header ends with a line feed.
    let padding = 63 - (10 + header.count) % 64
    header += [UInt8](repeating: 0x20, count: padding) + [0x0a]
    var bytes = magic + [1, 0, UInt8(header.count & 0xff), UInt8(header.count >> 8)] + header
    if let text {
      for cell in text {
        for index in 0..<width {
          let code = index < cell.count ? cell[index].value : 0
          withUnsafeBytes(of: code.littleEndian) { bytes.append(contentsOf: $0) }
        }
      }
    } else {
      bytes.append(contentsOf: UnsafeRawBufferPointer(start: tensor.base, count: tensor.byteCount))
    }
    return bytes
  }
}
