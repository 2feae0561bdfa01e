using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Scim;
using TenantIdP.Scim.Patches;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Server.Scim;

/// <summary>From a group of the protocol to the facts that the domain knows, and back.</summary>
internal static class GroupMap
{
    private const string User = "User", Group = "Group";

    private static readonly string GroupPrefix = DirectoryGroup.IdPrefix + "_";

    public static GroupFacts Facts(ComplexValue resource) =>
        new(resource.Text(GroupSchema.DisplayName)!, resource.Text(CommonAttributes.ExternalId) is { Length: > 0 } sent ? sent : null); // required, so the kernel lets none through without one

    /// <summary>What the domain does to the members. A group in a group is refused: what one pushes is flat for every directory that there is, and a nested one would give roles that nobody sees.</summary>
    public static ScimResult<MemberChanges> Members(MemberChangeSet changes)
    {
        foreach (var member in changes.Added)
        {
            if (Group.Equals(member.Text(GroupSchema.MemberType), StringComparison.OrdinalIgnoreCase) || MemberChangeSet.ValueOf(member).StartsWith(GroupPrefix, StringComparison.Ordinal))
                return ScimErrors.InvalidValue("members", $"{ScimErrors.Quote(MemberChangeSet.ValueOf(member))} is a group. Groups in groups are not supported: push the people who are in it.");
        }

        return new MemberChanges(changes.ReplacesAll, [.. changes.Added.Select(MemberChangeSet.ValueOf)], changes.Removed);
    }

    /// <summary>What a PATCH is applied to: without members, which it changes without knowing them.</summary>
    public static ComplexValue Patchable(DirectoryGroup group) =>
        new ComplexValue().Set(CommonAttributes.Id, group.Id.ToString()).Set(CommonAttributes.ExternalId, group.ExternalId).Set(GroupSchema.DisplayName, group.DisplayName);

    /// <summary>The whole resource as a client may see it.</summary>
    /// <param name="members">Those of this group that are asked for.</param>
    public static ComplexValue Resource(DirectoryGroup group, ScimRequest scim, IEnumerable<ScimValue> members)
    {
        var (resource, id) = (Patchable(group), group.Id.ToString());
        var values = members.ToList();
        if (values.Count > 0) resource.Set(GroupSchema.Members, new MultiValue(values));
        return resource.Set(CommonAttributes.Meta, scim.MetaOf(scim.Groups, id, group.CreatedAt, group.UpdatedAt, group.Version));
    }

    public static ScimValue Member(GroupMemberName member, ScimRequest scim)
    {
        var id = member.User.ToString();
        return new ComplexValue().Set(GroupSchema.MemberValue, id).Set(GroupSchema.MemberRef, scim.AddressOf(scim.Users, id)).Set(GroupSchema.MemberType, User).Set(GroupSchema.MemberDisplay, member.Display);
    }
}
