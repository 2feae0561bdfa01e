using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Names;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Server.Scim;

/// <summary>
/// What of a filter over users an index finds: equality of id, userName, externalId, an address or a group, alone or joined by <c>and</c>. All that identity providers ask for a match
/// is in here, so that its cost does not grow with the directory.
/// </summary>
internal static class UserFilter
{
    public static Indexed<DirectoryUserMatch> Translate(ScimFilter filter)
    {
        var (match, isExact) = (DirectoryUserMatch.Everybody, true);
        foreach (var term in filter is AndFilter and ? and.Terms : [filter])
        {
            if (!TryTerm(term, ref match, out var isTermExact)) return new Indexed<DirectoryUserMatch>(null, true);
            isExact &= isTermExact;
        }

        return new Indexed<DirectoryUserMatch>(match, isExact);
    }

    /// <returns>False when nobody can satisfy the term.</returns>
    private static bool TryTerm(ScimFilter term, ref DirectoryUserMatch match, out bool isExact)
    {
        isExact = false;
        switch (term)
        {
            case CompareFilter { Operator: CompareOperator.Equal, Value: TextValue wanted, Path: { Extension: null } path }:
                return TryCompare(path, wanted.Text, ref match, out isExact);
            case ValuePathFilter { Path: { Extension: null, SubAttribute: null } path } selected:
                // Of a whole value, only its address or group is in the index.
                foreach (var inner in selected.Inner is AndFilter and ? and.Terms : [selected.Inner])
                {
                    if (inner is CompareFilter { Operator: CompareOperator.Equal, Value: TextValue value, Path: { Extension: null, SubAttribute: null } of }) AddValue(path.Attribute, of.Attribute, value.Text, ref match);
                }

                return true;
            default:
                return true;
        }
    }

    private static bool TryCompare(AttributePath path, string wanted, ref DirectoryUserMatch match, out bool isExact)
    {
        isExact = true;
        if (ReferenceEquals(path.Leaf, CommonAttributes.Id))
        {
            if (!Id<DirectoryUser>.TryParse(wanted, out var id) || (match.Id is { } other && other != id)) return false;
            match = match with { Id = id };
        }
        else if (ReferenceEquals(path.Leaf, UserSchema.UserName) && match.UserName is null) match = match with { UserName = wanted };
        else if (ReferenceEquals(path.Leaf, CommonAttributes.ExternalId) && match.ExternalId is null) match = match with { ExternalId = wanted };
        else isExact = path.SubAttribute is { } sub && AddValue(path.Attribute, sub, wanted, ref match);
        return true;
    }

    private static bool AddValue(ScimAttribute attribute, ScimAttribute sub, string wanted, ref DirectoryUserMatch match)
    {
        if (ReferenceEquals(attribute, UserSchema.Emails) && ReferenceEquals(sub, UserSchema.Emails["value"]) && wanted.Length is > 0 and <= DirectoryUserFacts.MaxEmailLength && match.Emails.Count < 4)
        {
            match = match with { Emails = [.. match.Emails, wanted] };
            return true;
        }

        if (!ReferenceEquals(attribute, UserSchema.Groups) || !ReferenceEquals(sub, UserSchema.Groups["value"]) || match.Groups.Count >= 4) return false;
        match = match with { Groups = [.. match.Groups, wanted] };
        return true;
    }
}
