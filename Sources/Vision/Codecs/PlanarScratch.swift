import Ground

/// A YUV picture taken apart into full-range planes padded to whole chroma samples: what TurboJPEG's encoder reads.
struct PlanarScratch {
  private var memory: [UInt8] = []
  private var offsets = [0, 0, 0]
  private var strides: [Int32] = [0, 0, 0]

  /// Sample tables from a camera's range (16...235, chroma 16...240) to JPEG's, and the identity.
  private static let expandLuma = (0..<256).map { UInt8(clamping: (($0 - 16) * 255 + 109) / 219) }
  private static let expandChroma = (0..<256).map { value -> UInt8 in
    UInt8(saturating: (Double(value - 128) * 255 / 224 + 128).rounded())
  }
  private static let identity = (0..<256).map { UInt8($0) }

  /// Fills the planes from an image of any YUV or grey format.
  mutating func load(_ image: Image) {
    let (width, height) = (image.width, image.height)
    let chromaWidth = (width + 1) / 2
    let halvesRows = image.format == .nv12 || image.format == .yuv420
    let chromaHeight = halvesRows ? (height + 1) / 2 : height
    let isGray = image.format == .gray8
    let lumaStride = isGray ? width : chromaWidth * 2
    let lumaRows = halvesRows ? chromaHeight * 2 : height
    offsets = [0, lumaStride * lumaRows, lumaStride * lumaRows + chromaWidth * chromaHeight]
    strides = [Int32(lumaStride), Int32(chromaWidth), Int32(chromaWidth)]
    let total = isGray ? offsets[1] : offsets[2] + chromaWidth * chromaHeight
    if memory.count < total { memory = [UInt8](repeating: 0, count: total) }

    // Grey uses all levels wherever it is read, as in a grey JPEG.
    let luma = image.fullRange || isGray ? Self.identity : Self.expandLuma
    let chroma = image.fullRange ? Self.identity : Self.expandChroma
    switch image.format {
    case .yuyv: packed(image, lumaAt: 0, chromaAt: 1, luma, chroma)
    case .uyvy: packed(image, lumaAt: 1, chromaAt: 0, luma, chroma)
    default:
      copy(image, plane: 0, to: 0, width: width, rows: height, table: luma)
      if image.format == .nv12 {
        copy(image, plane: 1, to: 1, width: chromaWidth, rows: chromaHeight, step: 2, table: chroma)
        copy(image, plane: 1, to: 2, width: chromaWidth, rows: chromaHeight, start: 1, step: 2, table: chroma)
      } else if !isGray {
        copy(image, plane: 1, to: 1, width: chromaWidth, rows: chromaHeight, table: chroma)
        copy(image, plane: 2, to: 2, width: chromaWidth, rows: chromaHeight, table: chroma)
      }
    }
    if lumaStride > width {
      for row in 0..<height { memory[row * lumaStride + width] = memory[row * lumaStride + width - 1] }
    }
    if lumaRows > height {
      for column in 0..<lumaStride { memory[height * lumaStride + column] = memory[(height - 1) * lumaStride + column] }
    }
  }

  /// Lends the planes and their strides.
  mutating func withPlanes<R>(_ body: ([UnsafeMutablePointer<UInt8>?], [Int32]) -> R) -> R {
    let (offsets, strides) = (offsets, strides)
    return memory.withUnsafeMutableBufferPointer { buffer in
      body(offsets.map { offset in buffer.baseAddress.map { $0 + min(offset, buffer.count) } }, strides)
    }
  }

  private mutating func copy(
    _ image: Image, plane: Int, to target: Int, width: Int, rows: Int, start: Int = 0, step: Int = 1, table: [UInt8]
  ) {
    let stride = Int(strides[target])
    let source = image.base(ofPlane: plane).assumingMemoryBound(to: UInt8.self)
    let sourceStride = image.planes[plane].bytesPerRow
    let offset = offsets[target]
    // Safe: the image's planes were checked when it was made, the scratch planes were sized by load(_:), and a table
    // has an entry for every byte.
    memory.withUnsafeMutableBufferPointer { memory in
      table.withUnsafeBufferPointer { table in
        for row in 0..<rows {
          var from = source + row * sourceStride + start
          let to = offset + row * stride
          for column in 0..<width {
            memory[to + column] = table[Int(from.pointee)]
            from += step
          }
        }
      }
    }
  }

  private mutating func packed(_ image: Image, lumaAt: Int, chromaAt: Int, _ luma: [UInt8], _ chroma: [UInt8]) {
    let chromaWidth = Int(strides[1])
    let lumaStride = Int(strides[0])
    let source = image.base(ofPlane: 0).assumingMemoryBound(to: UInt8.self)
    let (u, v) = (offsets[1], offsets[2])
    // Safe: a packed 4:2:2 row holds four bytes for each of its chroma samples, as Image checked.
    memory.withUnsafeMutableBufferPointer { memory in
      luma.withUnsafeBufferPointer { luma in
        chroma.withUnsafeBufferPointer { chroma in
          for row in 0..<image.height {
            let line = source + row * image.planes[0].bytesPerRow
            for column in 0..<chromaWidth {
              let pixel = line + column * 4
              memory[row * lumaStride + column * 2] = luma[Int(pixel[lumaAt])]
              memory[row * lumaStride + column * 2 + 1] = luma[Int(pixel[lumaAt + 2])]
              memory[u + row * chromaWidth + column] = chroma[Int(pixel[chromaAt])]
              memory[v + row * chromaWidth + column] = chroma[Int(pixel[chromaAt + 2])]
            }
          }
        }
      }
    }
  }
}
