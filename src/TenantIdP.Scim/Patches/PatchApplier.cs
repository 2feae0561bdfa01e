using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Names;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Patches;

/// <summary>Applies one operation to a resource that may be changed (RFC 7644 3.5.2.1 to 3.5.2.3). Methods return what is wrong, or null.</summary>
internal static class PatchApplier
{
    public static ScimError? Apply(PatchOperation operation, ComplexValue resource)
    {
        var target = operation.Path.Target;
        var holder = target.Holder(resource);
        if (holder is null)
        {
            if (operation.Value is null || operation.Kind == PatchKind.Remove) return null; // Entra removes what was never set.
            holder = new ComplexValue();
            resource.Set(target.Extension!, holder); // only an extension can be missing
        }

        var error = target.Attribute.MultiValued ? ValueListPatch.Apply(operation, holder)
            : operation.Path.Filter is { } filter && !Matches(filter, holder, target.Attribute) ? Unmatched(operation)
            : operation.Kind == PatchKind.Remove || operation.Value is null ? Unassign(target, holder)
            : Assign(target, holder, operation.Value);
        if (error is null && target.Extension is { } extension && holder.IsEmpty) resource.Remove(extension);
        return error;
    }

    /// <summary>Sets sub-attributes of one complex value; those that are not named stay (RFC 7644 3.5.2.3).</summary>
    internal static ScimError? Merge(ScimAttribute attribute, ComplexValue into, ComplexValue value)
    {
        foreach (var (sub, part) in value.Assigned)
        {
            if (SetSub(attribute, into, sub, part) is { } error) return error;
        }

        return null;
    }

    internal static ScimError? SetSub(ScimAttribute attribute, ComplexValue into, ScimAttribute sub, ScimValue value)
    {
        if (sub.Mutability == Mutability.Immutable && into.Get(sub) is { } set && !ValueEquality.Identical(set, value)) return ScimErrors.Mutability($"{attribute}.{sub}", "can't be changed once it is set.");
        into.Set(sub, value.Copy());
        return null;
    }

    /// <summary>Whether nothing is left of a value that was set: OneLogin clears a manager by an empty <c>value</c>.</summary>
    internal static bool IsCleared(ScimAttribute attribute, ComplexValue value) => value.IsEmpty || (attribute.ValueAttribute is { } own && value.Text(own) == "");

    /// <summary>Removes a sub-attribute. Without its own <c>value</c> a value says nothing any more: a mail address without the address.</summary>
    /// <returns>Whether the value is to be removed as well.</returns>
    internal static bool Unset(ScimAttribute attribute, ComplexValue value, ScimAttribute sub) => (value.Remove(sub) && ReferenceEquals(sub, attribute.ValueAttribute)) || value.IsEmpty;

    private static bool Matches(ScimFilter filter, ComplexValue holder, ScimAttribute attribute) => holder.Complex(attribute) is { } value && FilterEvaluator.Matches(filter, value);

    private static ScimError? Unmatched(PatchOperation operation) => operation.Kind == PatchKind.Remove ? null : ScimErrors.NoTarget($"{operation.Path.Described} selects nothing.");

    private static ScimError? Assign(AttributePath target, ComplexValue holder, ScimValue value)
    {
        var attribute = target.Attribute;
        if (!attribute.IsComplex) return SetSub(attribute, holder, attribute, value);
        var complex = holder.Complex(attribute) ?? new ComplexValue();
        var error = target.SubAttribute is { } sub ? SetSub(attribute, complex, sub, value) : Merge(attribute, complex, (ComplexValue)value);
        if (error is not null) return error;
        if (IsCleared(attribute, complex)) holder.Remove(attribute);
        else holder.Set(attribute, complex);
        return null;
    }

    private static ScimError? Unassign(AttributePath target, ComplexValue holder)
    {
        var attribute = target.Attribute;
        if (target.Leaf.Required) return ScimErrors.Mutability(target.ToString(), "is required and can't be removed.");
        if (ReferenceEquals(attribute, UserSchema.Active))
        {
            // Nobody says any more that the user may come in.
            holder.Set(attribute, false);
            return null;
        }

        if (target.SubAttribute is not { } sub || holder.Complex(attribute) is not { } complex || Unset(attribute, complex, sub)) holder.Remove(attribute);
        return null;
    }
}
