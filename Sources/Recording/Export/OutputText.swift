import Ground

/// A text file that appears under its name only when it is whole. One thread.
final class OutputText {
  private let file: OutputFile
  private let path: String
  private let layer: any FileLayer
  private var buffer: [UInt8] = []

  init(_ path: String, layer: any FileLayer = SystemFileLayer()) throws {
    guard !layer.exists(path) else {
      throw RecordingError(.fileFailed, "exists already", place: path, remedy: "choose another output")
    }
    self.path = path
    self.layer = layer
    file = try OutputFile(overStale: WholeFile.workingName(of: path), layer: layer)
    buffer.reserveCapacity(1 << 16)
  }

  func write(_ text: String) throws {
    buffer.append(contentsOf: text.utf8)
    if buffer.count >= 1 << 16 { try flush() }
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    try flush()
    try file.write(bytes)
  }

  private func flush() throws {
    try file.write(buffer)
    buffer.removeAll(keepingCapacity: true)
  }

  func finish() throws {
    try flush()
    file.close()
    do throws(SystemError) { try layer.rename(WholeFile.workingName(of: path), to: path) } catch {
      throw OutputFile.explain(error, "rename", path)
    }
  }

  /// Removes what was written.
  func discard() {
    file.close()
    try? layer.remove(WholeFile.workingName(of: path))
  }
}
