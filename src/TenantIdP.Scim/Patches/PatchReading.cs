using System.Text.Json;
using TenantIdP.Scim.Json;
using TenantIdP.Scim.Names;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Patches;

/// <summary>Reads the operations of one PATCH. Methods return what is wrong, or null.</summary>
internal sealed class PatchReading(ScimResourceType type)
{
    private static readonly string[] Envelope = ["schemas", "Operations"];
    private static readonly string[] OperationFields = ["op", "path", "value"];

    private readonly List<PatchOperation> operations = [];
    private readonly ValueReader values = new();
    private int count;

    public IReadOnlyList<PatchOperation> Operations => operations;

    public MemberChangeSet Members { get; } = new();

    public IReadOnlyList<string> Ignored => values.Ignored;

    public string? AssertedId { get; private set; }

    public ScimError? Read(JsonElement json)
    {
        Span<JsonElement> fields = [default, default];
        if ((ScimJson.Fields(json, Envelope, fields) ?? ScimJson.RequireSchema(fields[0], ScimUrns.PatchOp)) is { } wrong) return wrong;
        if (fields[1].ValueKind != JsonValueKind.Array || fields[1].GetArrayLength() == 0) return ScimErrors.InvalidSyntax("Operations must be an array with at least one operation.");
        foreach (var operation in fields[1].EnumerateArray())
        {
            if (ReadOperation(operation) is { } error) return error;
        }

        return null;
    }

    private ScimError? ReadOperation(JsonElement json)
    {
        Span<JsonElement> fields = [default, default, default];
        if (ScimJson.Fields(json, OperationFields, fields) is { } wrong) return wrong;
        var (op, path, value) = (fields[0], fields[1], fields[2]);
        if (op.ValueKind != JsonValueKind.String || !TryKind(op.GetString(), out var kind)) return ScimErrors.InvalidSyntax($"op must be add, replace or remove, not {Shown(op)}.");
        if (path.ValueKind == JsonValueKind.String) return One(kind, path.GetString()!, value); // a string is never null
        if (!ScimJson.IsAbsent(path)) return ScimErrors.InvalidSyntax("path must be text.");
        if (kind == PatchKind.Remove) return ScimErrors.NoTarget("A removal needs a path.");
        return value.ValueKind == JsonValueKind.Object ? Each(kind, value, null) : ScimErrors.InvalidValue("value", "must be an object where there is no path.");
    }

    private static bool TryKind(string? op, out PatchKind kind)
    {
        // Entra writes Add, Replace and Remove.
        kind = "add".Equals(op, StringComparison.OrdinalIgnoreCase) ? PatchKind.Add : "replace".Equals(op, StringComparison.OrdinalIgnoreCase) ? PatchKind.Replace : PatchKind.Remove;
        return kind != PatchKind.Remove || "remove".Equals(op, StringComparison.OrdinalIgnoreCase);
    }

    private static string Shown(JsonElement op) => op.ValueKind == JsonValueKind.String ? ScimErrors.Quote(op.GetString()) : op.ValueKind == JsonValueKind.Undefined ? "missing" : $"a {op.ValueKind}";

    /// <summary>Each key of a value without a path is a path: Entra writes <c>name.givenName</c>, <c>urn:…:User:department</c> and <c>emails[type eq "work"].value</c> there.</summary>
    /// <param name="prefix">The extension whose object this is, with a colon; null for the resource.</param>
    private ScimError? Each(PatchKind kind, JsonElement value, string? prefix)
    {
        foreach (var property in value.EnumerateObject())
        {
            if (prefix is null && IsAboutTheResource(property)) continue;
            if (One(kind, prefix + property.Name, property.Value) is { } error) return error;
        }

        return null;
    }

    private bool IsAboutTheResource(JsonProperty property)
    {
        if (property.Name.Equals(CommonAttributes.Schemas.Name, StringComparison.OrdinalIgnoreCase)) return true;
        if (!property.Name.Equals(CommonAttributes.Id.Name, StringComparison.OrdinalIgnoreCase) || property.Value.ValueKind != JsonValueKind.String) return false;
        AssertedId = property.Value.GetString();
        return true;
    }

    private ScimError? One(PatchKind kind, string text, JsonElement json)
    {
        if (++count > ScimLimits.MaxPatchOperations) return ScimErrors.TooManyOperations(ScimLimits.MaxPatchOperations);
        var parsed = PatchPath.Parse(text, type);
        if (!parsed.IsOk) return parsed.Error;
        var path = parsed.Value;
        if (path.Target.IsReadOnly) return ScimErrors.Mutability(path.Target.ToString(), "is read only.");
        if (path.Target.Attribute.IsMemberList) return OfMembers(kind, path, json);
        if (path.Target.Attribute.IsExtension && kind != PatchKind.Remove && !ScimJson.IsAbsent(json))
            return json.ValueKind == JsonValueKind.Object ? Each(kind, json, path.Target.Attribute.Name + ":") : ScimErrors.InvalidValue(path.Described, "must be an object.");
        if (kind == PatchKind.Remove) return Removal(path, json);
        if (json.ValueKind == JsonValueKind.Undefined) return ScimErrors.InvalidValue(path.Described, "value is missing.");
        if (Value(path, json, out var value) is { } error) return error;
        operations.Add(new PatchOperation(kind, path, value));
        return null;
    }

    /// <summary>A removal with a value takes away values like it, where there can be several; elsewhere Entra repeats what is there, which means nothing.</summary>
    private ScimError? Removal(PatchPath path, JsonElement json)
    {
        ScimValue? like = null;
        if (path is { Filter: null, Target: { SubAttribute: null, Attribute.MultiValued: true } } && !ScimJson.IsAbsent(json))
        {
            if (Value(path, json, out like) is { } error) return error;
            like ??= new MultiValue([]);
        }

        operations.Add(new PatchOperation(PatchKind.Remove, path, like));
        return null;
    }

    private ScimError? Value(PatchPath path, JsonElement json, out ScimValue? value)
    {
        value = path is { Filter: not null, Target.SubAttribute: null } ? values.ReadElement(path.Target.Attribute, json) : values.Read(path.Target.Leaf, json);
        if (values.Error is { } error) return error;
        return value is null && !Clears(path.Target.Leaf, json) ? ScimErrors.InvalidValue(path.Described, "has nothing that can be set.") : null;
    }

    /// <summary>Whether no value was read because none was meant; an object of unknown names is not that.</summary>
    private static bool Clears(ScimAttribute attribute, JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.String => true,
        JsonValueKind.Array => json.EnumerateArray().All(element => Clears(attribute, element)),
        JsonValueKind.Object => attribute.ValueAttribute is not null && json.EnumerateObject().Any(p => PropertyNames.TryFind(attribute, p, out var sub) && sub == attribute.ValueAttribute),
        _ => false,
    };

    private ScimError? OfMembers(PatchKind kind, PatchPath path, JsonElement json)
    {
        if (path.Target.SubAttribute is not null) return ScimErrors.Mutability(path.Described, "can't be changed: remove the member and add another.");
        if (path.Filter is { } filter) return OfSelectedMembers(kind, path, MemberSelection.Values(filter), json);
        if (kind != PatchKind.Remove && json.ValueKind == JsonValueKind.Undefined) return ScimErrors.InvalidValue(path.Described, "value is missing.");
        if (Value(path, json, out var value) is { } error) return error;
        var members = value is MultiValue many ? many.Values : [];
        if (kind == PatchKind.Add) Members.Add(members);
        else if (kind == PatchKind.Replace || ScimJson.IsAbsent(json)) Members.Replace(members);
        else Members.Remove(members.Select(m => MemberChangeSet.ValueOf((ComplexValue)m)));
        return null;
    }

    private ScimError? OfSelectedMembers(PatchKind kind, PatchPath path, IReadOnlyList<string>? selected, JsonElement json)
    {
        if (selected is null) return ScimErrors.InvalidFilter($"{path.Described}: members are selected by value eq \"…\" and or.");
        if (selected.Contains("")) return ScimErrors.InvalidValue(path.Described, "no member has an empty value.");
        if (kind == PatchKind.Replace) return ScimErrors.Mutability(path.Described, "can't be replaced: remove the member and add another.");
        if (kind == PatchKind.Remove)
        {
            Members.Remove(selected);
            return null;
        }

        // Adding what is selected by its id is adding that id; a value may say more of it and nothing else.
        if (json.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
        {
            if (values.ReadElement(path.Target.Attribute, json) is not ComplexValue member) return values.Error ?? ScimErrors.InvalidValue(path.Described, "has nothing that can be set.");
            if (selected.Count != 1 || MemberChangeSet.ValueOf(member) != selected[0]) return ScimErrors.InvalidValue(path.Described, "the value is another member than the one selected.");
            Members.Add([member]);
            return null;
        }

        Members.Add([.. selected.Select(value => new ComplexValue().Set(GroupSchema.MemberValue, value))]);
        return null;
    }
}
