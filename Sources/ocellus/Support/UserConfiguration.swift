import Dashboard
import Foundation
import Perception

/// The user's configuration file, read once for the sections that are the program's own; the dashboard reads its section
/// itself.
struct UserConfiguration {
  let file: String
  /// Empty where there is no file, or none that can be read.
  let text: String
  let document: ConfigDocument?
  /// Why the file counts for nothing; nil where it does not.
  let problem: String?

  /// The file at its usual place.
  static func load() -> UserConfiguration { UserConfiguration(file: ConfigurationFile.standardPath) }

  private init(file: String) {
    self.file = file
    let present = FileManager.default.fileExists(atPath: file)
    guard present, let text = try? String(contentsOfFile: file, encoding: .utf8) else {
      self.text = ""
      document = nil
      problem = present ? "\(file): cannot be read, or is not UTF-8 text; the defaults hold" : nil
      return
    }
    do {
      document = try ConfigDocument(text: text, file: file)
      self.text = text
      problem = nil
    } catch {
      self.text = ""
      document = nil
      problem = "\(error); the defaults hold"
    }
  }
}
