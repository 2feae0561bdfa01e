using System.Diagnostics.CodeAnalysis;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Patches;

/// <summary>
/// What a request does to the members of a group, without knowing them: all that were are taken away or not, some are taken away, some are put in. What is put in is there afterwards
/// and what is taken away is not, whether it was before or not. Operations are folded in their order, so that one member is in at most one of the lists.
/// </summary>
public sealed class MemberChangeSet
{
    private readonly Dictionary<string, ComplexValue> added = new(StringComparer.Ordinal);
    private readonly HashSet<string> removed = new(StringComparer.Ordinal);

    /// <summary>Whether only <see cref="Added"/> are members afterwards.</summary>
    public bool ReplacesAll { get; private set; }

    /// <summary>Each value once, in no order.</summary>
    public IReadOnlyCollection<ComplexValue> Added => added.Values;

    /// <summary>Values of members. None when <see cref="ReplacesAll"/>.</summary>
    public IReadOnlyCollection<string> Removed => removed;

    public bool IsEmpty => !ReplacesAll && added.Count == 0 && removed.Count == 0;

    /// <summary>Of a POST or a PUT: these and no others.</summary>
    public static MemberChangeSet All(IReadOnlyList<ScimValue> members)
    {
        var changes = new MemberChangeSet();
        changes.Replace(members);
        return changes;
    }

    public static string ValueOf(ComplexValue member) => member.Text(GroupSchema.MemberValue)!; // required, so no member is read without one

    public bool TryGetAdded(string value, [NotNullWhen(true)] out ComplexValue? member) => added.TryGetValue(value, out member);

    /// <summary>The members afterwards, for a group whose members are at hand. They keep their order; those that are put in come last.</summary>
    public IReadOnlyList<ScimValue> ApplyTo(IReadOnlyList<ScimValue> members)
    {
        var left = ReplacesAll ? [] : members.Where(m => !removed.Contains(ValueOf((ComplexValue)m)) && !added.ContainsKey(ValueOf((ComplexValue)m))).ToList();
        return [.. left, .. added.Values];
    }

    internal void Add(IReadOnlyList<ScimValue> members)
    {
        foreach (var member in members.Cast<ComplexValue>())
        {
            removed.Remove(ValueOf(member));
            added[ValueOf(member)] = member;
        }
    }

    internal void Remove(IEnumerable<string> values)
    {
        foreach (var value in values)
        {
            added.Remove(value);
            if (!ReplacesAll) removed.Add(value);
        }
    }

    internal void Replace(IReadOnlyList<ScimValue> members)
    {
        added.Clear();
        removed.Clear();
        ReplacesAll = true;
        Add(members);
    }
}
