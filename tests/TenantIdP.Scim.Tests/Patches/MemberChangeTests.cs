using TenantIdP.Scim.Patches;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;
using Xunit;

namespace TenantIdP.Scim.Tests.Patches;

/// <summary>Changes of members, without the members: what is asked for is the same for a group of ten and of a hundred thousand.</summary>
public sealed class MemberChangeTests
{
    private static readonly ComplexValue Dev = Resources.Read(Resources.Group, $$"""{"schemas":["{{ScimUrns.Group}}"],"displayName":"Dev"}""").Set(CommonAttributes.Id, "g1");

    [Theory]
    [InlineData("""{"op":"add","path":"members","value":[{"value":"a"},{"value":"b"}]}""", "+a+b")]
    [InlineData("""{"op":"Add","path":"members","value":[{"$ref":null,"value":"a"}]}""", "+a")]
    [InlineData("""{"op":"add","path":"members","value":{"value":"a","display":"Ann","type":"User","$ref":"../Users/a"}}""", "+a")]
    [InlineData("""{"op":"add","path":"members","value":["a","b","a"]}""", "+a+b")]
    [InlineData("""{"op":"add","value":{"members":[{"value":"a"}]}}""", "+a")]
    [InlineData("""{"op":"add","path":"urn:ietf:params:scim:schemas:core:2.0:Group:members","value":[{"value":"a"}]}""", "+a")]
    [InlineData("""{"op":"add","path":"members","value":[]}""", "")]
    [InlineData("""{"op":"add","path":"members[value eq \"a\"]"}""", "+a")]
    [InlineData("""{"op":"add","path":"members[value eq \"a\"]","value":[{"value":"a"}]}""", "+a")]
    [InlineData("""{"op":"remove","path":"members[value eq \"a\"]"}""", "-a")]
    [InlineData("""{"op":"remove","path":"members[value eq \"a\" or value eq \"b\"]"}""", "-a-b")]
    [InlineData("""{"op":"remove","path":"members[value eq \"a\"]"},{"op":"remove","path":"members[value eq \"b\"]"}""", "-a-b")]
    [InlineData("""{"op":"Remove","path":"members","value":[{"$ref":null,"value":"a"}]}""", "-a")]
    [InlineData("""{"op":"remove","path":"members","value":{"value":"a"}}""", "-a")]
    [InlineData("""{"op":"remove","path":"members","value":[]}""", "")]
    [InlineData("""{"op":"remove","path":"members"}""", "=")]
    [InlineData("""{"op":"remove","path":"members","value":null}""", "=")]
    [InlineData("""{"op":"replace","path":"members","value":[{"value":"a"}]}""", "=+a")]
    [InlineData("""{"op":"replace","path":"members","value":[]}""", "=")]
    [InlineData("""{"op":"replace","value":{"members":[{"value":"a"}]}}""", "=+a")]
    // folded in their order
    [InlineData("""{"op":"add","path":"members","value":["a"]},{"op":"remove","path":"members[value eq \"a\"]"}""", "-a")]
    [InlineData("""{"op":"remove","path":"members[value eq \"a\"]"},{"op":"add","path":"members","value":["a"]}""", "+a")]
    [InlineData("""{"op":"add","path":"members","value":["a"]},{"op":"replace","path":"members","value":["b"]},{"op":"remove","path":"members","value":["c"]}""", "=+b")]
    [InlineData("""{"op":"replace","path":"members","value":["a","b"]},{"op":"remove","path":"members","value":["a"]},{"op":"add","path":"members","value":["c"]}""", "=+b+c")]
    [InlineData("""{"op":"remove","path":"members"},{"op":"add","path":"members","value":["A","a"]}""", "=+A+a")]
    public void Operations_become_one_set_of_changes(string operations, string changes)
    {
        var outcome = Patching.Apply(Dev, operations, Resources.Group);

        Assert.Equal(changes, Said(outcome.Members));
        Assert.Equal(changes.Length == 0, outcome.IsNoOp);
        Assert.False(outcome.ResourceChanged);
    }

    [Theory]
    [InlineData("""{"op":"add","path":"members"}""", "invalidValue")]
    [InlineData("""{"op":"add","path":"members","value":[{"display":"Ann"}]}""", "invalidValue")]
    [InlineData("""{"op":"add","path":"members","value":[{"value":5}]}""", "invalidValue")]
    [InlineData("""{"op":"add","path":"members","value":[{"foo":"a"}]}""", "invalidValue")]
    [InlineData("""{"op":"remove","path":"members","value":[{"display":"Ann"}]}""", "invalidValue")]
    [InlineData("""{"op":"remove","path":"members","value":5}""", "invalidValue")]
    [InlineData("""{"op":"add","path":"members[value eq \"a\"]","value":[{"value":"b"}]}""", "invalidValue")]
    [InlineData("""{"op":"replace","path":"members","value":""}""", "invalidValue")]
    [InlineData("""{"op":"replace","path":"members","value":[null]}""", "invalidValue")]
    [InlineData("""{"op":"replace","path":"members","value":[""]}""", "invalidValue")]
    [InlineData("""{"op":"replace","path":"members","value":{}}""", "invalidValue")]
    [InlineData("""{"op":"remove","path":"members","value":""}""", "invalidValue")]
    [InlineData("""{"op":"add","path":"members[value eq \"\"]"}""", "invalidValue")]
    [InlineData("""{"op":"remove","path":"members[value eq \"a\" or value eq \"\"]"}""", "invalidValue")]
    [InlineData("""{"op":"remove","path":"members[display eq \"Ann\"]"}""", "invalidFilter")]
    [InlineData("""{"op":"remove","path":"members[value sw \"a\"]"}""", "invalidFilter")]
    [InlineData("""{"op":"remove","path":"members[not (value eq \"a\")]"}""", "invalidFilter")]
    [InlineData("""{"op":"remove","path":"members[value eq \"a\" and display eq \"Ann\"]"}""", "invalidFilter")]
    [InlineData("""{"op":"remove","path":"members[value eq null]"}""", "invalidFilter")]
    [InlineData("""{"op":"replace","path":"members[value eq \"a\"]","value":{"value":"b"}}""", "mutability")]
    [InlineData("""{"op":"replace","path":"members[value eq \"a\"].value","value":"b"}""", "mutability")]
    [InlineData("""{"op":"replace","path":"members.value","value":"b"}""", "mutability")]
    [InlineData("""{"op":"remove","path":"members.display"}""", "mutability")]
    [InlineData("""{"op":"remove","value":{"members":[{"value":"a"}]}}""", "noTarget")]
    public void What_could_not_be_done_is_an_error(string operations, string type) =>
        Assert.Equal((400, type), (Patching.Refuse(Dev, operations, Resources.Group).Status, Patching.Refuse(Dev, operations, Resources.Group).ScimType));

    [Fact]
    public void A_rename_and_changes_of_members_go_together()
    {
        var outcome = Patching.Apply(Dev, """{"op":"replace","value":{"id":"g1","displayName":"Ops"}},{"op":"add","path":"members","value":[{"value":"a"}]},{"op":"remove","path":"members[value eq \"b\"]"}""", Resources.Group);

        Assert.Equal("Ops", outcome.Resource.Text(GroupSchema.DisplayName));
        Assert.True(outcome.ResourceChanged);
        Assert.Equal("+a-b", Said(outcome.Members));
    }

    [Fact]
    public void Changes_are_applied_to_members_at_hand()
    {
        var before = MemberChangeSet.All([.. "abc".Select(c => new ComplexValue().Set(GroupSchema.MemberValue, c.ToString()))]).Added.ToList<ScimValue>();

        var after = Patching.Apply(Dev, """{"op":"add","path":"members","value":["a","d"]},{"op":"remove","path":"members[value eq \"b\"]"}""", Resources.Group).Members.ApplyTo(before);

        Assert.Equal("cad", string.Concat(after.Select(m => MemberChangeSet.ValueOf((ComplexValue)m))));
        Assert.Equal("", string.Concat(Patching.Apply(Dev, """{"op":"remove","path":"members"}""", Resources.Group).Members.ApplyTo(before)));
    }

    [Fact]
    public void Ten_thousand_members_in_one_operation_cost_in_proportion()
    {
        var operation = $$"""{"op":"replace","path":"members","value":[{{string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"{{\"value\":\"usr_{i:D26}\"}}"))}}]}""";
        Patching.Apply(Dev, """{"op":"add","path":"members","value":["a"]}""", Resources.Group);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var outcome = Patching.Apply(Dev, operation, Resources.Group);

        Assert.Equal(10_000, outcome.Members.Added.Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 25L * operation.Length);
    }

    private static string Said(MemberChangeSet changes) =>
        (changes.ReplacesAll ? "=" : "") + string.Concat(changes.Added.Select(m => "+" + MemberChangeSet.ValueOf(m)).Order(StringComparer.Ordinal)) + string.Concat(changes.Removed.Select(v => "-" + v));
}
