using TenantIdP.Core.Directories;
using TenantIdP.Core.Kernel;
using TenantIdP.Scim;
using TenantIdP.Scim.Filters;
using TenantIdP.Scim.Lists;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Server.Scim;

/// <summary>
/// What of a filter over groups an index finds: equality of id, displayName, externalId or a member, alone or joined by <c>and</c>. All that identity providers ask for a match is in
/// here, so that its cost grows neither with the directory nor with its groups.
/// </summary>
internal static class GroupFilter
{
    public static Indexed<DirectoryGroupMatch> Translate(ScimFilter filter)
    {
        var (match, isExact) = (DirectoryGroupMatch.Everything, true);
        foreach (var term in filter is AndFilter and ? and.Terms : [filter])
        {
            if (!TryTerm(term, ref match, out var isTermExact)) return new Indexed<DirectoryGroupMatch>(null, true);
            isExact &= isTermExact;
        }

        return new Indexed<DirectoryGroupMatch>(match, isExact);
    }

    /// <summary>Members are found by their ids, or by whether there are any; nothing else of them is kept with a group that could be large.</summary>
    /// <returns>Null when it can be answered.</returns>
    public static ScimError? Refusal(ListQuery query)
    {
        if (ReferenceEquals(query.Sort?.By.Attribute, GroupSchema.Members)) return ScimErrors.InvalidPath("sortBy: members have no order.");
        return query.Filter is { } filter && !MembersAsked.Of(filter).IsUnderstood ? ScimErrors.InvalidFilter("Members are found by members.value eq \"…\", members[value eq \"…\"] or members pr.") : null;
    }

    /// <returns>False when no group can satisfy the term.</returns>
    private static bool TryTerm(ScimFilter term, ref DirectoryGroupMatch match, out bool isExact)
    {
        isExact = false;
        if (MembersAsked.ValueOf(term) is { } member)
        {
            isExact = true;
            if (!Id<DirectoryUser>.TryParse(member, out var user)) return false;
            match = match with { Members = [.. match.Members, user] };
            return true;
        }

        if (term is not CompareFilter { Operator: CompareOperator.Equal, Value: TextValue wanted, Path: { Extension: null } path }) return true;
        isExact = true;
        if (ReferenceEquals(path.Leaf, CommonAttributes.Id))
        {
            if (!Id<DirectoryGroup>.TryParse(wanted.Text, out var id) || (match.Id is { } other && other != id)) return false;
            match = match with { Id = id };
        }
        else if (ReferenceEquals(path.Leaf, GroupSchema.DisplayName) && match.DisplayName is null) match = match with { DisplayName = wanted.Text };
        else if (ReferenceEquals(path.Leaf, CommonAttributes.ExternalId) && match.ExternalId is null) match = match with { ExternalId = wanted.Text };
        else isExact = false;
        return true;
    }
}

/// <summary>What a filter asks about members.</summary>
internal sealed class MembersAsked : IScimFilterVisitor<bool>
{
    private readonly HashSet<string> values = new(StringComparer.Ordinal);

    /// <summary>Whether it asks by id and presence alone.</summary>
    public bool IsUnderstood { get; private set; }

    /// <summary>Ids of members, as they were sent.</summary>
    public IReadOnlyCollection<string> Values => values;

    public bool AsksForAny { get; private set; }

    public static MembersAsked Of(ScimFilter filter)
    {
        var asked = new MembersAsked();
        asked.IsUnderstood = filter.Accept(asked);
        return asked;
    }

    /// <summary>The member that a term asks for, by either form; null for any other term.</summary>
    public static string? ValueOf(ScimFilter term) => term switch
    {
        CompareFilter { Operator: CompareOperator.Equal, Value: TextValue value, Path: { Extension: null } path } when IsMembers(path.Attribute) && ReferenceEquals(path.SubAttribute, GroupSchema.MemberValue) => value.Text,
        ValuePathFilter { Path: { Extension: null } path, Inner: CompareFilter { Operator: CompareOperator.Equal, Value: TextValue value } inner } when IsMembers(path.Attribute) && ReferenceEquals(inner.Path.Leaf, GroupSchema.MemberValue) => value.Text,
        _ => null,
    };

    public bool And(AndFilter filter) => filter.Terms.Aggregate(true, (all, term) => term.Accept(this) && all);

    public bool Or(OrFilter filter) => filter.Terms.Aggregate(true, (all, term) => term.Accept(this) && all);

    public bool Not(NotFilter filter) => filter.Inner.Accept(this);

    public bool Compare(CompareFilter filter) => !IsMembers(filter.Path.Attribute) || Take(filter);

    public bool Present(PresentFilter filter)
    {
        if (!IsMembers(filter.Path.Attribute)) return true;
        AsksForAny = true;
        return filter.Path.SubAttribute is null || ReferenceEquals(filter.Path.SubAttribute, GroupSchema.MemberValue);
    }

    public bool ValuePath(ValuePathFilter filter)
    {
        if (!IsMembers(filter.Path.Attribute)) return true;
        // Of one member an id is one thing: "a or b" selects either.
        var terms = filter.Inner is OrFilter or ? or.Terms : [filter.Inner];
        return terms.Aggregate(true, (all, term) => term is CompareFilter { Operator: CompareOperator.Equal, Value: TextValue value } inner && ReferenceEquals(inner.Path.Leaf, GroupSchema.MemberValue) && Add(value.Text) && all);
    }

    private static bool IsMembers(ScimAttribute attribute) => ReferenceEquals(attribute, GroupSchema.Members);

    private bool Take(CompareFilter filter)
    {
        if (filter is { Value: null, Operator: CompareOperator.Equal or CompareOperator.NotEqual }) return AsksForAny = ReferenceEquals(filter.Path.SubAttribute, GroupSchema.MemberValue);
        return ValueOf(filter) is { } value && Add(value);
    }

    private bool Add(string value)
    {
        values.Add(value);
        return true;
    }
}
