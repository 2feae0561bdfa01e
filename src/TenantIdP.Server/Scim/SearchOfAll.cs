using System.Globalization;
using TenantIdP.Scim;
using TenantIdP.Scim.Lists;
using TenantIdP.Scim.Responses;

namespace TenantIdP.Server.Scim;

/// <summary>
/// One search over every type of resource. A type that lacks an attribute of the filter or of the order has no results; one that no type has is an error. Results of one type stand
/// together and are ordered in themselves.
/// </summary>
internal static class SearchOfAll
{
    public static async Task<ScimAnswer> RunAsync(IReadOnlyList<ScimResources> types, ListParameters sent, DateTimeOffset now, CancellationToken ct)
    {
        if (sent.Cursor is not null) return ScimAnswer.Of(ScimErrors.InvalidValue("cursor", "A search over all types is paged by startIndex: search one type, as in /Users/.search."));
        var (parts, total, start) = (new List<(ScimResources Type, ScimPage Page, Projection Shown)>(), 0L, 1L);
        ScimError? refused = null;
        var (left, isFirst) = (0, true);
        foreach (var type in types)
        {
            var whole = ListQuery.Parse(sent, type.Type, ScimOptions.Lists, now);
            if (!whole.IsOk)
            {
                refused ??= whole.Error;
                continue;
            }

            if (isFirst) (start, left, isFirst) = (((IndexPage)whole.Value.Page).StartIndex, whole.Value.Page.Count, false); // without a cursor it is one
            var part = sent with { StartIndex = Text(Math.Max(1, start - total)), Count = Text(left) };
            var query = ListQuery.Parse(part, type.Type, ScimOptions.Lists, now);
            if (!query.IsOk) return ScimAnswer.Of(query.Error);
            var page = await type.ListAsync(query.Value, ct);
            if (!page.IsOk) return ScimAnswer.Of(page.Error);
            parts.Add((type, page.Value, query.Value.Projection));
            (total, left) = (total + page.Value.Total, left - page.Value.Resources.Count);
        }

        if (parts.Count == 0 && refused is not null) return ScimAnswer.Of(refused);
        var envelope = new ListEnvelope(total, parts.Sum(p => p.Page.Resources.Count), start);
        return ScimAnswer.Ok(json => ScimMessages.WriteList(json, envelope, to => parts.ForEach(p => ResourceEndpoints.WriteResources(to, p.Type, p.Page, p.Shown))));
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
