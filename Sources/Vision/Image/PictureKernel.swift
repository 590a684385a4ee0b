import Ground
import Kernels

/// The SIMD path from a camera's picture to a network's planes; what it does not cover stays with ``Resampler``.
extension Resampler {
  /// Whether the kernel gives what the plain path gives: two-by-two pixels, planes of red, green and blue.
  static func hasKernel(
    _ image: Image, _ placement: Placement, _ filter: ResizeFilter, _ normalization: Normalization, interleaved: Bool
  ) -> Bool {
    filter == .bilinear && normalization.order != .gray && !interleaved && !placement.columns.isEmpty
      && !placement.rows.isEmpty && placement.sourceColumns.upperBound <= image.width
      && placement.sourceRows.upperBound <= image.height
  }

  /// Fills three planes in one pass over the picture. `scratch` holds ``pictureScratchCount(_:_:)`` floats.
  static func packWithKernel(
    _ image: Image, _ placement: Placement, _ normalization: Normalization, scratch: UnsafeMutablePointer<Float>,
    into out: UnsafeMutablePointer<Float>
  ) {
    var picture = ock_picture(image)
    var map = ock_picture_map(placement, normalization)
    withExtendedLifetime(image.storage) { ock_picture_to_planes(&picture, &map, out, scratch, 1) }
  }

  static func pictureScratchCount(_ image: Image, _ placement: Placement) -> Int {
    ock_picture_scratch_count(Int32(image.width), Int32(placement.columns.count), 1)
  }
}

extension ock_picture {
  /// The image as the kernels see it; valid while the image's storage lives.
  init(_ image: Image) {
    self.init()
    format = image.format.kernelForm
    full_range = image.fullRange
    matrix = image.matrix.kernelForm
    width = Int32(image.width)
    height = Int32(image.height)
    func plane(_ index: Int) -> (UnsafePointer<UInt8>?, Int) {
      guard index < image.planes.count else { return (nil, 0) }
      let base = image.base(ofPlane: index).assumingMemoryBound(to: UInt8.self)
      return (UnsafePointer(base), image.planes[index].bytesPerRow)
    }
    (planes.0, row_bytes.0) = plane(0)
    (planes.1, row_bytes.1) = plane(1)
    (planes.2, row_bytes.2) = plane(2)
  }
}

extension ock_picture_map {
  init(_ placement: Placement, _ normalization: Normalization) {
    self.init()
    (first_column, end_column) = (Int32(placement.sourceColumns.lowerBound), Int32(placement.sourceColumns.upperBound))
    (first_row, end_row) = (Int32(placement.sourceRows.lowerBound), Int32(placement.sourceRows.upperBound))
    // A target pixel's centre x lies at (x - offset) / scale of the source.
    source_x = (Double(placement.columns.lowerBound) - placement.offsetX) / placement.scaleX
    source_y = (Double(placement.rows.lowerBound) - placement.offsetY) / placement.scaleY
    source_width = Double(placement.columns.count) / placement.scaleX
    source_height = Double(placement.rows.count) / placement.scaleY
    target_x = Int32(placement.columns.lowerBound)
    target_y = Int32(placement.rows.lowerBound)
    target_width = Int32(placement.columns.count)
    target_height = Int32(placement.rows.count)
    out_width = Int32(placement.width)
    out_height = Int32(placement.height)
    bgr = normalization.order == .bgr
    let affine = (0..<3).map { normalization.affine($0) }
    scale = (affine[0].factor, affine[1].factor, affine[2].factor)
    shift = (affine[0].addend, affine[1].addend, affine[2].addend)
    fill = (normalization.pad, normalization.pad, normalization.pad)
  }
}

extension ColorMatrix {
  var kernelForm: ock_matrix {
    switch self {
    case .bt601: OCK_MATRIX_BT601
    case .bt709: OCK_MATRIX_BT709
    case .bt2020: OCK_MATRIX_BT2020
    case .smpte240: OCK_MATRIX_SMPTE240
    }
  }
}

extension PixelFormat {
  var kernelForm: ock_pixels {
    switch self {
    case .rgb24: OCK_PIXELS_RGB24
    case .bgr24: OCK_PIXELS_BGR24
    case .rgba32: OCK_PIXELS_RGBA32
    case .gray8: OCK_PIXELS_GRAY8
    case .yuyv: OCK_PIXELS_YUYV
    case .uyvy: OCK_PIXELS_UYVY
    case .nv12: OCK_PIXELS_NV12
    case .yuv420: OCK_PIXELS_YUV420
    case .yuv422: OCK_PIXELS_YUV422
    }
  }
}
