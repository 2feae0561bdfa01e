using System.Text;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using TenantIdP.Scim.Json;
using TenantIdP.Scim.Patches;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Tests.Patches;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Tests.Properties;

public sealed class PatchProperties
{
    /// <summary>A directory repeats what it has sent; the second time nothing is to be done.</summary>
    [Property(MaxTest = 1500)]
    public Property The_same_operation_twice_changes_nothing_more() => Prop.ForAll(Generated.Patches, given =>
    {
        var request = Patching.Read(given.Operation).Value!;
        var once = request.Apply(given.User);
        if (!once.IsOk) return request.Apply(given.User).Error == once.Error;
        var twice = request.Apply(once.Value.Resource);
        return twice.IsOk && twice.Value.IsNoOp;
    });

    [Property(MaxTest = 1500)]
    public Property What_is_stored_is_never_touched() => Prop.ForAll(Generated.Patches, given =>
    {
        var before = given.User.Clone();
        Patching.Read(given.Operation).Value!.Apply(given.User);
        return ValueEquality.Identical(before, given.User);
    });

    [Property(MaxTest = 1500)]
    public Property At_most_one_value_is_primary_afterwards() => Prop.ForAll(Generated.Patches, given =>
    {
        var outcome = Patching.Read(given.Operation).Value!.Apply(given.User);
        return !outcome.IsOk || Primaries.Count(UserSchema.Emails, outcome.Value.Resource.Values(UserSchema.Emails)) <= 1;
    });

    [Property(MaxTest = 500)]
    public Property A_user_replaced_by_itself_stays_itself() => Prop.ForAll(Generated.Users, user =>
    {
        var json = Resources.ToJson(user).ToJsonString();
        return Patching.Apply(user, $$"""{"op":"replace","value":{{json}} }""").IsNoOp && ValueEquality.Identical(user, Resources.Read(Resources.User, json).Set(CommonAttributes.Id, "u1"));
    });

    /// <summary>Folding changes of members is doing one after the other.</summary>
    [Property(MaxTest = 1000)]
    public Property Changes_of_members_are_those_of_their_operations() => Prop.ForAll(
        (from kind in Gen.Elements("add", "remove", "replace", "all", "path") from ids in Gen.Elements("a", "b", "c", "d").ListOf(3) select (kind, ids: ids.ToArray())).ListOf(6).ToArbitrary(),
        steps =>
        {
            var (members, operations) = (new HashSet<string>(StringComparer.Ordinal) { "a", "b", "x" }, new List<string>());
            foreach (var (kind, ids) in steps) operations.AddRange(Do(members, kind, ids));
            if (operations.Count == 0) return true;
            var before = new[] { "a", "b", "x" }.Select(ScimValue (id) => new ComplexValue().Set(GroupSchema.MemberValue, id)).ToList();
            var after = Patching.Read(string.Join(',', operations), Resources.Group).Value!.Members.ApplyTo(before);
            return members.SetEquals(after.Select(m => MemberChangeSet.ValueOf((ComplexValue)m))) && after.Count == members.Count;
        });

    [Property(MaxTest = 2000)]
    public bool Text_of_any_kind_is_read_or_refused_without_an_exception(string? text)
    {
        var bytes = Encoding.UTF8.GetBytes(text ?? "");
        return !ResourceReader.Read(bytes, Resources.User, Resources.MaxBytes).IsOk && !PatchRequest.Read(bytes, Resources.User, Resources.MaxBytes).IsOk;
    }

    private static IEnumerable<string> Do(HashSet<string> members, string kind, string[] ids)
    {
        var list = string.Join(',', ids.Select(id => $"\"{id}\""));
        switch (kind)
        {
            case "add":
                members.UnionWith(ids);
                return [$$"""{"op":"add","path":"members","value":[{{list}}]}"""];
            case "remove":
                members.ExceptWith(ids);
                return [$$"""{"op":"remove","path":"members","value":[{{list}}]}"""];
            case "replace":
                members.Clear();
                members.UnionWith(ids);
                return [$$"""{"op":"replace","path":"members","value":[{{list}}]}"""];
            case "all":
                members.Clear();
                return ["""{"op":"remove","path":"members"}"""];
            default:
                members.ExceptWith(ids);
                return ids.Select(id => $$"""{"op":"remove","path":"members[value eq \"{{id}}\"]"}""");
        }
    }
}
