using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Json;

/// <summary>
/// Reads values by their schema. Null and an empty array are no value. Beyond the standard it understands, because one reading only is possible: "True" for a boolean, one value
/// where several may be, one in an array where one must be, and bare text for a value whose <c>value</c> it is. What is read only is skipped (RFC 7644 3.3); a number is never text.
/// </summary>
/// <remarks>A method that returns null has found no value, or has set <see cref="Error"/>.</remarks>
/// <param name="isStored">What is read was written by us: of an extension, what its definition has no room for any more counts as unknown.</param>
internal sealed class ValueReader(bool isStored = false)
{
    private const int MaxIgnored = 20;

    private readonly List<(ScimAttribute Attribute, int Index)> where = [];
    private List<string>? ignored;

    public ScimError? Error { get; private set; }

    /// <summary>Names that the schema does not have.</summary>
    public IReadOnlyList<string> Ignored => ignored ?? [];

    public ScimValue? Read(ScimAttribute attribute, JsonElement json)
    {
        if (ScimJson.IsAbsent(json)) return null;
        where.Add((attribute, -1));
        var value = attribute.MultiValued ? ReadMany(attribute, json) : ReadSingle(attribute, json);
        where.RemoveAt(where.Count - 1);
        return Error is null ? value : null;
    }

    /// <summary>One value of an attribute that may have several.</summary>
    public ScimValue? ReadElement(ScimAttribute attribute, JsonElement json)
    {
        if (ScimJson.IsAbsent(json)) return null;
        where.Add((attribute, -1));
        var value = ReadSingle(attribute, json);
        where.RemoveAt(where.Count - 1);
        return Error is null ? value : null;
    }

    /// <summary>The attributes of an object: a resource, an extension, or a value. Never null unless there is an error.</summary>
    public ComplexValue? ReadObject(ScimAttribute attribute, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Object) return Fail("must be an object.") as ComplexValue;
        var read = new ComplexValue();
        List<ScimAttribute>? unassigned = null;
        foreach (var property in json.EnumerateObject())
        {
            if (!PropertyNames.TryFind(attribute, property, out var sub))
            {
                Ignore(property.Name);
                continue;
            }

            if (read.Get(sub) is not null || unassigned?.Contains(sub) == true) return Duplicate(sub);
            var value = sub.Mutability == Mutability.ReadOnly ? null : Read(sub, property.Value);
            if (Error is not null && isStored && attribute.IsExtension)
            {
                Error = null;
                Ignore(property.Name);
                continue;
            }

            if (Error is not null) return null;
            if (value is null) (unassigned ??= []).Add(sub);
            else read.Set(sub, value);
        }

        return Require(attribute, read) ? read : null;
    }

    private ComplexValue? Duplicate(ScimAttribute attribute)
    {
        Error ??= ScimErrors.InvalidSyntax($"{Where(attribute.Name)} is there twice.");
        return null;
    }

    /// <summary>A resource's own attributes are asked for by <see cref="ResourceReader"/>, after all have been read.</summary>
    private bool Require(ScimAttribute attribute, ComplexValue read)
    {
        if (where.Count == 0) return true;
        foreach (var sub in attribute.SubAttributes)
        {
            if (!sub.Required || read.Get(sub) is { } value and not TextValue { Text: "" }) continue;
            Fail($"needs {sub.Name}.");
            return false;
        }

        return true;
    }

    private ScimValue? ReadMany(ScimAttribute attribute, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Array) return ReadOne(attribute, json) is { } only ? new MultiValue([only]) : null;
        var count = json.GetArrayLength();
        if (count > ScimLimits.MaxValues && !attribute.IsMemberList) return Fail($"has more than {ScimLimits.MaxValues} values.");
        var (values, index) = (new List<ScimValue>(count), 0);
        foreach (var element in json.EnumerateArray())
        {
            where[^1] = (attribute, index++);
            if (ReadOne(attribute, element) is { } value) values.Add(value);
            else if (Error is not null) return null;
        }

        where[^1] = (attribute, -1);
        if (Primaries.Count(attribute, values) > 1) return Fail("has more than one primary value.");
        return values.Count == 0 ? null : new MultiValue(values);
    }

    private ScimValue? ReadSingle(ScimAttribute attribute, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Array) return ReadOne(attribute, json);
        // Entra sends a manager as [{"value": …}].
        return json.GetArrayLength() switch
        {
            0 => null,
            1 when attribute.IsComplex => ReadOne(attribute, json[0]),
            _ => Fail("has one value, not several."),
        };
    }

    private ScimValue? ReadOne(ScimAttribute attribute, JsonElement json) => (attribute.Type, json.ValueKind) switch
    {
        (AttributeType.String or AttributeType.Reference or AttributeType.Binary, JsonValueKind.String) => Text(attribute, json.GetString()!), // a string is never null
        (AttributeType.Boolean, JsonValueKind.True) => BooleanValue.True,
        (AttributeType.Boolean, JsonValueKind.False) => BooleanValue.False,
        (AttributeType.Boolean, JsonValueKind.String) => bool.TryParse(json.GetString(), out var said) ? BooleanValue.Of(said) : Fail("must be true or false."),
        (AttributeType.Integer or AttributeType.Decimal, JsonValueKind.Number) => Number(attribute, json),
        (AttributeType.DateTime, JsonValueKind.String) => ScimDateTime.TryParse(json.GetString()!, out var time) ? new DateTimeValue(time) : Fail("must be a time such as 2008-01-23T04:56:22Z."), // as above
        (AttributeType.Complex, JsonValueKind.Object) => Complex(attribute, json),
        (AttributeType.Complex, JsonValueKind.String) when attribute.ValueAttribute is { Type: not AttributeType.Complex } value => Bare(value, json),
        // A member that is none must not look like a list without members.
        (_, JsonValueKind.Null) => attribute.ValueAttribute is { Required: true } value ? Fail($"needs {value.Name}.") : null,
        _ => Fail($"must be {Expected(attribute.Type)}."),
    };

    private ScimValue? Text(ScimAttribute attribute, string text)
    {
        if (text.Length > ScimLimits.MaxTextLength) return Fail($"has more than {ScimLimits.MaxTextLength} characters.");
        if (attribute.Type == AttributeType.Binary && !Base64.IsValid(text)) return Fail("must be base64.");
        return new TextValue(text);
    }

    private ScimValue? Number(ScimAttribute attribute, JsonElement json)
    {
        if (!json.TryGetDecimal(out var number)) return Fail("is a number that is too large.");
        return attribute.Type == AttributeType.Decimal || decimal.IsInteger(number) ? new NumberValue(number) : Fail("must be a whole number.");
    }

    private ScimValue? Complex(ScimAttribute attribute, JsonElement json)
    {
        if (ReadObject(attribute, json) is not { } read) return null;
        // OneLogin and Entra clear a manager by an empty value.
        return read.IsEmpty || (attribute.ValueAttribute is { } value && read.Text(value) == "") ? null : read;
    }

    private ScimValue? Bare(ScimAttribute value, JsonElement json)
    {
        if (json.ValueEquals("")) return value.Required ? Fail($"needs {value.Name}.") : null;
        return ReadOne(value, json) is { } read ? new ComplexValue().Set(value, read) : null;
    }

    private static string Expected(AttributeType type) => type switch
    {
        AttributeType.String or AttributeType.Reference or AttributeType.Binary => "text",
        AttributeType.Boolean => "true or false",
        AttributeType.Integer or AttributeType.Decimal => "a number",
        AttributeType.DateTime => "a time in text",
        AttributeType.Complex => "an object",
    };

    private ScimValue? Fail(string why)
    {
        Error ??= ScimErrors.InvalidValue(Where(null), why);
        return null;
    }

    private void Ignore(string name)
    {
        if ((ignored ??= []).Count < MaxIgnored) ignored.Add(Where(ScimErrors.Quote(name)[1..^1]));
    }

    private string Where(string? name)
    {
        var path = new StringBuilder();
        foreach (var (attribute, index) in where)
        {
            path.Append(path.Length == 0 ? "" : path[^1] == ':' ? "" : ".").Append(attribute.Name);
            if (attribute.IsExtension) path.Append(':');
            if (index >= 0) path.Append(CultureInfo.InvariantCulture, $"[{index}]");
        }

        if (name is not null) path.Append(path.Length == 0 || path[^1] == ':' ? "" : ".").Append(name);
        return path.Length == 0 ? "The resource" : path.ToString().TrimEnd(':');
    }
}
