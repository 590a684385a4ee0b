import Ground
import Kernels

/// How many bytes a value takes in the layout of the kernels.
extension Fact {
  /// Channels in a block of the blocked layout: the vector length of the instruction set in use.
  package static var block: Int { Int(ock_channel_block()) }

  /// Channels in a block of bytes, but for tensors of up to 4 channels.
  static let wideByteBlock = Int(ock_byte_block(16))

  /// Channels in a block of this tensor's blocked layout.
  var channelBlock: Int { type == .uint8 ? Int(ock_byte_block(Int32(clamping: shape[1]))) : Fact.block }

  /// Whether blocked parts of these channels, one after the other, are the blocked whole.
  static func areAligned(_ parts: [Fact]) -> Bool {
    // Bytes of few channels lie in blocks of their own width.
    if parts.contains(where: { $0.type == .uint8 && $0.shape[1] <= 4 }) { return false }
    return parts.dropLast().allSatisfy { $0.shape[1] % $0.channelBlock == 0 }
  }

  /// Blocks of the blocked layout, batch included.
  var blockCount: Int { shape[0] * ((shape[1] + channelBlock - 1) / channelBlock) }

  /// Elements from one item of the batch to the next in this fact's layout.
  var batchStride: Int { shape[0] == 0 ? 0 : byteCount / type.byteCount / shape[0] }

  /// Floats that the value takes in its layout.
  var floatCount: Int { byteCount / MemoryLayout<Float>.stride }

  /// Whether every extent fits the kernels' 32-bit integers.
  var fitsKernels: Bool { shape.allSatisfy { $0 <= Int(Int32.max) } && area <= Int(Int32.max) }
}
