using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Patches;

/// <summary>Applies one operation to a multi-valued attribute. Methods return what is wrong, or null.</summary>
internal static class ValueListPatch
{
    public static ScimError? Apply(PatchOperation operation, ComplexValue holder)
    {
        var attribute = operation.Path.Target.Attribute;
        var values = (holder.Get(attribute) as MultiValue)?.Items ?? [];
        var primaries = values.Where(v => Primaries.IsPrimary(attribute, v)).ToList();
        var error = operation.Path.Filter is not null || operation.Path.Target.SubAttribute is not null ? Selected(operation, values) : Whole(operation, attribute, values);
        if (error is not null) return error;
        if (values.Count > ScimLimits.MaxValues) return ScimErrors.InvalidValue(attribute.Name, $"has more than {ScimLimits.MaxValues} values.");
        if (values.Count == 0)
        {
            if (attribute.Required) return ScimErrors.Mutability(attribute.Name, "is required and can't be removed.");
            holder.Remove(attribute);
            return null;
        }

        holder.Set(attribute, new MultiValue(values));
        return KeepOnePrimary(attribute, values, primaries);
    }

    /// <summary>What an operation costs: each value is compared with each that is given, or by each term of the filter.</summary>
    public static long Comparisons(PatchOperation operation, ComplexValue resource)
    {
        var target = operation.Path.Target;
        if (!target.Attribute.MultiValued || operation is { Kind: PatchKind.Replace, Path: { Filter: null, Target.SubAttribute: null } }) return 0;
        var there = target.Holder(resource)?.Values(target.Attribute).Count ?? 0;
        var given = operation.Path.Filter?.Size ?? (operation.Value as MultiValue)?.Values.Count ?? 1;
        // What is added is there for what is added after it.
        return (long)given * (operation.Kind == PatchKind.Add ? there + given : there);
    }

    /// <summary>A new primary value takes the mark from the one that had it (RFC 7644 3.5.2).</summary>
    private static ScimError? KeepOnePrimary(ScimAttribute attribute, List<ScimValue> values, List<ScimValue> before)
    {
        if (Primaries.Count(attribute, values) < 2) return null;
        var fresh = values.Where(v => Primaries.IsPrimary(attribute, v) && !before.Exists(b => ReferenceEquals(b, v))).ToList();
        if (fresh.Count != 1) return ScimErrors.InvalidValue(attribute.Name, "has more than one primary value.");
        Primaries.Leave(attribute, values, fresh[0]);
        return null;
    }

    private static ScimError? Whole(PatchOperation operation, ScimAttribute attribute, List<ScimValue> values)
    {
        var given = operation.Value is MultiValue many ? many.Values : [];
        switch (operation.Kind)
        {
            case PatchKind.Add:
                return given.Select(value => Add(attribute, values, value)).FirstOrDefault(error => error is not null);
            case PatchKind.Replace:
                values.Clear();
                values.AddRange(given.Select(v => v.Copy()));
                return null;
            default:
                values.RemoveAll(value => operation.Value is null || given.Any(like => IsLike(attribute, value, like)));
                return null;
        }
    }

    /// <summary>What is there already is not there twice; what is said of it besides is taken over.</summary>
    private static ScimError? Add(ScimAttribute attribute, List<ScimValue> values, ScimValue value)
    {
        var known = values.Find(v => IsSame(attribute, v, value));
        if (known is ComplexValue into) return PatchApplier.Merge(attribute, into, (ComplexValue)value);
        if (known is null) values.Add(value.Copy());
        return null;
    }

    /// <summary>Two values are one when value and type are (RFC 7643 2.4); where there is no value, when all is.</summary>
    private static bool IsSame(ScimAttribute attribute, ScimValue one, ScimValue other)
    {
        if (one is not ComplexValue a || other is not ComplexValue b || attribute.ValueAttribute is not { } own || a.Get(own) is null || b.Get(own) is null) return ValueEquality.Same(attribute, one, other);
        return ValueEquality.Same(own, a.Get(own), b.Get(own)) && (attribute.TypeAttribute is not { } type || ValueEquality.Same(type, a.Get(type), b.Get(type)));
    }

    private static bool IsLike(ScimAttribute attribute, ScimValue value, ScimValue like) =>
        value is ComplexValue complex && like is ComplexValue pattern ? pattern.Assigned.All(pair => ValueEquality.Same(pair.Key, complex.Get(pair.Key), pair.Value)) : ValueEquality.Same(attribute, value, like);

    /// <summary>The values that a filter selects, or all where only a sub-attribute is named.</summary>
    private static ScimError? Selected(PatchOperation operation, List<ScimValue> values)
    {
        var filter = operation.Path.Filter;
        var selected = values.OfType<ComplexValue>().Where(v => filter is null || FilterEvaluator.Matches(filter, v)).ToList();
        if (operation.Kind == PatchKind.Remove || operation.Value is null) return Remove(operation, values, selected);
        if (selected.Count == 0)
        {
            if (NewValue.For(operation) is not { } made) return ScimErrors.NoTarget($"{operation.Path.Described} selects nothing.");
            values.Add(made);
            selected.Add(made);
        }

        foreach (var value in selected)
        {
            if (Set(operation, value) is { } error) return error;
        }

        values.RemoveAll(v => v is ComplexValue complex && PatchApplier.IsCleared(operation.Path.Target.Attribute, complex) && selected.Contains(complex));
        return null;
    }

    private static ScimError? Set(PatchOperation operation, ComplexValue value)
    {
        var attribute = operation.Path.Target.Attribute;
        if (operation.Path.Target.SubAttribute is { } sub) return PatchApplier.SetSub(attribute, value, sub, operation.Value!); // without a value it is a removal
        if (operation.Kind == PatchKind.Replace)
        {
            // The whole value is replaced; what selected it stays true of it unless the new one says otherwise.
            var keeps = NewValue.Terms(operation.Path.Filter);
            foreach (var old in value.Assigned.Select(pair => pair.Key).Where(key => !keeps.Any(term => ReferenceEquals(term.Path.Leaf, key))).ToList())
            {
                if (old.Mutability != Mutability.Immutable) value.Remove(old);
            }
        }

        return PatchApplier.Merge(attribute, value, (ComplexValue)operation.Value!); // as above
    }

    private static ScimError? Remove(PatchOperation operation, List<ScimValue> values, List<ComplexValue> selected)
    {
        var (attribute, sub) = (operation.Path.Target.Attribute, operation.Path.Target.SubAttribute);
        if (sub is null)
        {
            values.RemoveAll(new HashSet<ScimValue>(selected).Contains);
            return null;
        }

        var gone = new HashSet<ScimValue>();
        foreach (var value in selected)
        {
            if (sub.Mutability == Mutability.Immutable && value.Get(sub) is not null) return ScimErrors.Mutability($"{attribute}.{sub}", "can't be changed once it is set.");
            if (PatchApplier.Unset(attribute, value, sub)) gone.Add(value);
        }

        values.RemoveAll(gone.Contains);
        return null;
    }
}
