import ArgumentParser
import Foundation
import Ground
import Inference
import Pipeline

/// `ocellus infer`: raw tensors through a network.
struct InferCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "infer", abstract: "Run a network on tensors from .npy files and write its outputs as .npy files.",
    discussion: """
      Give one --input per graph input, in any order. The outputs are written to
      DIR/output_<k>.npy in graph order; their names, shapes and types are printed as
      JSON.

      EXAMPLES
        ocellus infer model.onnx --input images=in.npy --output-dir out
        ocellus infer lstm.onnx --input x=x.npy --input h=h.npy --output-dir out
      """)

  @Argument(help: "The ONNX file.")
  var model: String

  @Option(
    name: .long,
    help: ArgumentHelp("A graph input and the file with its tensor. Repeat for each input.", valueName: "NAME=FILE.npy")
  )
  var input: [String] = []

  @Option(
    name: .long, help: ArgumentHelp("Folder for the outputs; it is created if it does not exist.", valueName: "DIR"))
  var outputDir: String

  @OptionGroup var engine: EngineOptions

  func validate() throws { _ = try assignments() }

  private struct Output: Encodable {
    var name: String
    var shape: [Int]
    var dtype: String
    var file: String
  }

  func run() throws {
    let files = try assignments()
    let network = try EngineRegistry.standard.prepare(path: model, options: engine.options)
    let known = network.inputs.map(\.name)
    for name in files.keys where !known.contains(name) {
      throw CommandFailure(
        what: "the network has no input '\(name)'", place: model, remedy: "it has: \(known.joined(separator: ", "))")
    }
    let tensors = try network.inputs.map { port in
      guard let file = files[port.name] else {
        throw CommandFailure(
          what: "input '\(port.name)' is missing", place: model, remedy: "give --input \(port.name)=FILE.npy")
      }
      return try NpyFile.read(file)
    }
    let results = try network.run(tensors)
    try makeFolder(outputDir)
    var listing: [Output] = []
    for (index, (port, tensor)) in zip(network.outputs, results).enumerated() {
      let file = "\(outputDir)/output_\(index).npy"
      try NpyFile.write(tensor, to: file)
      listing.append(Output(name: port.name, shape: tensor.shape, dtype: tensor.type.name, file: file))
    }
    StandardStreams.writeLine(try listing.jsonLine())
  }

  private func assignments() throws -> [String: String] {
    var files: [String: String] = [:]
    for text in input {
      // Names of tensors may hold '=' themselves; files rarely do.
      guard let cut = text.lastIndex(of: "="), cut != text.startIndex, !text.hasSuffix("=") else {
        throw ValidationError("--input takes NAME=FILE.npy, not '\(text)'")
      }
      let name = String(text[..<cut])
      guard files.updateValue(String(text[text.index(after: cut)...]), forKey: name) == nil else {
        throw ValidationError("input '\(name)' is given twice")
      }
    }
    return files
  }
}

/// Makes a folder, with those above it.
func makeFolder(_ path: String) throws {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw CommandFailure(what: "the folder cannot be made", place: path, remedy: "check the path and its permissions")
  }
}
