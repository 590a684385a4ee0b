/// The keys in use: those of ``KeyTable``, with what the user's configuration changes. Key handling, help, footer and
/// command palette are all made from it.
package struct KeyMap: Sendable, Equatable {
  package static let standard = KeyMap()

  package private(set) var bindings = KeyTable.all
  private var byKey = KeyTable.index(KeyTable.all)

  /// The key that ends the program whatever is bound.
  package static let fixed = Key.control("c")

  private init() {}

  package func action(for key: Key) -> Action? { byKey[key] }

  /// The first key of an action as the help writes it, or its name as a command where it has no key.
  package func name(of action: Action) -> String {
    guard let binding = bindings.first(where: { $0.action == action }) else { return "" }
    return binding.keys.first?.name ?? ":" + binding.name
  }

  /// A row whose new keys cannot be had, because of a key that another row has.
  package struct Collision: Sendable, Equatable {
    package var name: String
    package var key: Key
    package var owner: String
  }

  /// Gives rows other keys, all at once, so that keys can be swapped. A row whose new keys collide keeps its own.
  ///
  /// - Parameter changes: the new keys by the names of the rows; an empty list takes a row's keys away.
  package mutating func rebind(_ changes: [String: [Key]]) -> [Collision] {
    var changes = changes
    var collisions: [Collision] = []
    while true {
      let rows = KeyTable.all.map { row in changes[row.name].map { row.with(keys: $0) } ?? row }
      guard let collision = Self.collision(in: rows, among: Set(changes.keys)) else {
        bindings = rows
        byKey = KeyTable.index(rows)
        return collisions
      }
      collisions.append(collision)
      changes[collision.name] = nil
    }
  }

  /// The first changed row, of those in question, that wants a key of another row.
  private static func collision(in rows: [KeyBinding], among changed: Set<String>) -> Collision? {
    for row in rows.reversed() where changed.contains(row.name) {
      for key in row.keys {
        if key == fixed, row.action != .program(.quit) { return Collision(name: row.name, key: key, owner: "quit") }
        if let owner = rows.first(where: { $0.name != row.name && $0.keys.contains(key) }) {
          return Collision(name: row.name, key: key, owner: owner.name)
        }
      }
    }
    return nil
  }
}
