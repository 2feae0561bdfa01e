using System.Diagnostics.CodeAnalysis;
using TenantIdP.Scim.Schemas;

namespace TenantIdP.Scim.Values;

/// <summary>
/// A resource, an extension, or a value with sub-attributes: what is assigned, in the order in which it was. A multi-valued attribute has a <see cref="MultiValue"/>,
/// a complex one a <see cref="ComplexValue"/>. Not safe for two threads.
/// </summary>
public sealed class ComplexValue : ScimValue
{
    // Resources have a dozen attributes: a list is searched faster than a dictionary is made.
    private readonly List<KeyValuePair<ScimAttribute, ScimValue>> assigned;

    public ComplexValue() => assigned = [];

    private ComplexValue(List<KeyValuePair<ScimAttribute, ScimValue>> assigned) => this.assigned = assigned;

    public IReadOnlyList<KeyValuePair<ScimAttribute, ScimValue>> Assigned => assigned;

    public bool IsEmpty => assigned.Count == 0;

    public ScimValue? Get(ScimAttribute attribute)
    {
        foreach (var (key, value) in assigned)
        {
            if (ReferenceEquals(key, attribute)) return value;
        }

        return null;
    }

    /// <summary>The complex value of <paramref name="attribute"/>, such as <c>name</c> or an extension.</summary>
    public ComplexValue? Complex(ScimAttribute attribute) => Get(attribute) as ComplexValue;

    public string? Text(ScimAttribute attribute) => Get(attribute)?.AsText;

    public bool? Boolean(ScimAttribute attribute) => (Get(attribute) as BooleanValue)?.Value;

    /// <summary>The values of a multi-valued attribute; none when it is unassigned.</summary>
    public IReadOnlyList<ScimValue> Values(ScimAttribute attribute) => Get(attribute) is MultiValue many ? many.Values : [];

    public ComplexValue Set(ScimAttribute attribute, ScimValue value)
    {
        var at = assigned.FindIndex(pair => ReferenceEquals(pair.Key, attribute));
        if (at < 0) assigned.Add(new(attribute, value));
        else assigned[at] = new(attribute, value);
        return this;
    }

    /// <summary>Sets text; null unassigns.</summary>
    public ComplexValue Set(ScimAttribute attribute, string? text)
    {
        if (text is not null) return Set(attribute, new TextValue(text));
        Remove(attribute);
        return this;
    }

    public ComplexValue Set(ScimAttribute attribute, bool value) => Set(attribute, BooleanValue.Of(value));

    public bool Remove(ScimAttribute attribute) => assigned.RemoveAll(pair => ReferenceEquals(pair.Key, attribute)) > 0;

    internal bool TryGet(ScimAttribute attribute, [NotNullWhen(true)] out ScimValue? value) => (value = Get(attribute)) is not null;

    internal override ScimValue Copy() => Clone();

    /// <summary>A copy that shares nothing that can change.</summary>
    public ComplexValue Clone() => new(assigned.ConvertAll(pair => new KeyValuePair<ScimAttribute, ScimValue>(pair.Key, pair.Value.Copy())));
}
