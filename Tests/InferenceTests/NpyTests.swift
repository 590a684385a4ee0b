import Foundation
import Ground
import Inference
import TestSupport
import Testing

@Suite struct NpyTests {
  private func roundTrip(_ tensor: Tensor) throws -> Tensor {
    try NpyFile.encode(tensor).withUnsafeBytes { try NpyFile.decode($0) }
  }

  @Test func everyTypeAndShapeComesBack() throws {
    let tensors: [Tensor] = [
      Tensor([2, 3], [Float](arrayLiteral: 1, -2.5, 3, .infinity, 0, -0.0)), Tensor(scalar: Double.pi),
      Tensor([0, 4], [Int64]()), Tensor([3], [Int8](arrayLiteral: -128, 0, 127)),
      Tensor([1, 1, 2], [UInt16](arrayLiteral: 0, 65535)),
      Tensor([2], [true, false]), Tensor([2], [Float16](arrayLiteral: 0.5, -7)), Tensor(scalar: UInt64.max),
      Tensor([1], [Int16(-3)]), Tensor([1], [Int32.min]), Tensor([2], [UInt8](arrayLiteral: 1, 2)),
      Tensor([1], [UInt32.max]),
    ]
    for tensor in tensors {
      let back = try roundTrip(tensor)
      #expect(back.type == tensor.type)
      #expect(back.shape == tensor.shape)
      #expect(
        UnsafeRawBufferPointer(start: back.base, count: back.byteCount).elementsEqual(
          UnsafeRawBufferPointer(start: tensor.base, count: tensor.byteCount)))
    }
    #expect(try roundTrip(Tensor([2], strings: ["día", ""])).strings == ["día", ""])
  }

  @Test func payloadStartsAlignedAsNumPyWritesIt() throws {
    let bytes = try NpyFile.encode(Tensor([1], [Float(1)]))
    #expect((bytes.count - 4) % 64 == 0)
    #expect(bytes[bytes.count - 5] == 0x0a)
  }

  private func file(_ header: String, _ payload: [UInt8]) -> [UInt8] {
    [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count & 0xff), UInt8(header.utf8.count >> 8)]
      + Array(header.utf8) + payload
  }

  @Test func fortranOrderAndBigEndianAreConverted() throws {
    let bytes = file("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3)}", [0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6])
    let tensor = try bytes.withUnsafeBytes { try NpyFile.decode($0) }
    #expect(tensor.shape == [2, 3])
    #expect(tensor.array(of: Int16.self) == [1, 2, 3, 4, 5, 6])
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4000000000, 4000000000)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "{'descr': '<f4', 'fortran_order': False}",
    "{'descr': 'O', 'fortran_order': False, 'shape': (1,)}", "{'descr': '|O8', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}", "{'descr': '<f4", "", "{", "{'shape': (1,",
    "{'descr': '<U0', 'fortran_order': False, 'shape': (99999999999,)}",
    "{'descr': '<f99999999999999999999', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 0, 9223372036854775807)}",
  ])
  func hostileHeadersAreErrors(header: String) {
    #expect(throws: InferenceError.self) {
      try file(header, [0, 0, 0, 0]).withUnsafeBytes { try NpyFile.decode($0) }
    }
  }

  @Test func everyTruncationIsAnError() throws {
    let bytes = try NpyFile.encode(Tensor([3], [Int32](arrayLiteral: 1, 2, 3)))
    for length in 0..<bytes.count {
      #expect(throws: InferenceError.self) {
        try bytes[..<length].withUnsafeBytes { try NpyFile.decode($0) }
      }
    }
  }

  @Test func booleansAreNormalized() throws {
    let bytes = file("{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}", [0, 7, 255])
    #expect(try bytes.withUnsafeBytes { try NpyFile.decode($0) }.array(of: Bool.self) == [false, true, true])
  }

  @Test func writingLeavesNoHalfFile() throws {
    #expect(throws: InferenceError.self) { try NpyFile.write(Tensor(scalar: Float(1)), to: "/nonexistent/x.npy") }
    let folder = try TemporaryFolder()
    let path = folder.file("x.npy")
    try NpyFile.write(Tensor([2], [Float](arrayLiteral: 1, 2)), to: path)
    #expect(try NpyFile.read(path).array(of: Float.self) == [1, 2])
  }
}
