using System.Text;
using TenantIdP.Scim.Lists;
using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;
using Xunit;

namespace TenantIdP.Scim.Tests.Lists;

public sealed class ListQueryTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 12, 0, 0, TimeSpan.Zero);
    private static readonly ListLimits Limits = new(100, 200, TimeSpan.FromMinutes(10));

    [Theory]
    [InlineData("", 1, 100)]
    [InlineData("startIndex=5&count=10", 5, 10)]
    [InlineData("STARTINDEX=5&Count=10", 5, 10)]
    [InlineData("startIndex=0", 1, 100)]
    [InlineData("startIndex=-7", 1, 100)]
    [InlineData("count=0", 1, 0)]
    [InlineData("count=-1", 1, 0)]
    [InlineData("count=201", 1, 200)]
    [InlineData("count=99999999999999999999", 1, 200)]
    [InlineData("count=-99999999999999999999", 1, 0)]
    [InlineData("startIndex=99999999999999999999", long.MaxValue, 100)]
    [InlineData("aadOptscim062020&x=y", 1, 100)]
    public void A_page_by_index_is_what_the_standard_makes_of_it(string query, long start, int count)
    {
        var page = Assert.IsType<IndexPage>(Query(query).Value!.Page);

        Assert.Equal((start, count, start - 1), (page.StartIndex, page.Count, page.Skip));
    }

    [Theory]
    [InlineData("startIndex=x", "invalidValue")]
    [InlineData("startIndex=", "invalidValue")]
    [InlineData("startIndex=1.5", "invalidValue")]
    [InlineData("count=ten", "invalidValue")]
    [InlineData("count=1&count=2", "invalidValue")]
    [InlineData("filter=title pr&FILTER=nickName pr", "invalidValue")]
    [InlineData("filter=", "invalidFilter")]
    [InlineData("filter", "invalidFilter")]
    [InlineData("filter=title", "invalidFilter")]
    [InlineData("sortOrder=up", "invalidValue")]
    [InlineData("sortBy=foo", "invalidPath")]
    [InlineData("sortBy=password", "invalidPath")]
    [InlineData("sortBy=name", "invalidPath")]
    [InlineData("sortBy=addresses", "invalidPath")]
    [InlineData("attributes=id&excludedAttributes=title", "invalidValue")]
    [InlineData("cursor&startIndex=1", "invalidValue")]
    [InlineData("cursor&count=0", "invalidCount")]
    [InlineData("cursor&count=-1", "invalidCount")]
    [InlineData("cursor&count=x", "invalidCount")]
    [InlineData("cursor=%21", "invalidCursor")]
    [InlineData("cursor=x", "invalidCursor")]
    [InlineData("cursor=AAAA", "invalidCursor")]
    [InlineData("cursor=AQAAAAAAAAAAAAAAAAAAAAA", "invalidCursor")]
    public void What_can_not_be_meant_is_refused(string query, string type)
    {
        var error = Query(query).Error;

        Assert.Equal((400, type), (error?.Status, error?.ScimType));
    }

    [Fact]
    public void A_cursor_goes_on_where_the_page_ended()
    {
        var first = Query("cursor&count=50&filter=title pr&sortBy=userName").Value!;
        var cursor = first.NextCursor("ann|usr_1", Now);

        var next = Query($"cursor={cursor}&count=70&filter=TITLE  pr&sortBy=username&sortOrder=ascending", Now.AddMinutes(10));

        Assert.Equal(new CursorPage(null, 50), first.Page);
        Assert.Equal(new CursorPage("ann|usr_1", 70), next.Value!.Page);
        Assert.DoesNotContain(cursor, c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'));
    }

    [Theory]
    [InlineData("filter=title pr&sortBy=userName", "expiredCursor", 601)]
    [InlineData("filter=title pr&sortBy=userName", "invalidCursor", -601)]
    [InlineData("filter=nickName pr&sortBy=userName", "invalidCursor", 0)]
    [InlineData("sortBy=userName", "invalidCursor", 0)]
    [InlineData("filter=title pr&sortBy=displayName", "invalidCursor", 0)]
    [InlineData("filter=title pr", "invalidCursor", 0)]
    [InlineData("filter=title pr&sortBy=userName&sortOrder=descending", "invalidCursor", 0)]
    public void A_cursor_is_good_for_its_query_and_its_time(string query, string type, int seconds)
    {
        var cursor = Query("cursor&filter=title pr&sortBy=userName").Value!.NextCursor("x", Now);

        Assert.Equal(type, Query($"cursor={cursor}&{query}", Now.AddSeconds(seconds)).Error?.ScimType);
    }

    [Fact]
    public void A_cursor_of_users_is_none_of_groups()
    {
        var cursor = Query("cursor").Value!.NextCursor("x", Now);

        Assert.Equal("invalidCursor", ListQuery.Parse(new ListParameters { Cursor = cursor }, Resources.Group, Limits, Now).Error?.ScimType);
    }

    [Fact]
    public void A_cursor_that_was_changed_never_throws()
    {
        var cursor = Query("cursor").Value!.NextCursor("name|ü", Now);
        for (var i = 0; i < cursor.Length; i++)
        {
            foreach (var c in "A_z9.=%")
            {
                var read = Query($"cursor={cursor[..i]}{c}{cursor[(i + 1)..]}");
                Assert.True(read.IsOk || read.Error.ScimType is "invalidCursor" or "expiredCursor");
            }
        }

        Assert.Equal("invalidCursor", Query("cursor=" + new string('A', ScimLimits.MaxCursorLength + 1)).Error?.ScimType);
        // Its first byte says how the rest is written: one of another time must not be misread.
        Assert.StartsWith("AQ", cursor, StringComparison.Ordinal);
        Assert.Equal("invalidCursor", Query("cursor=Ag" + cursor[2..]).Error?.ScimType);
    }

    [Fact]
    public void A_search_asks_the_same_in_a_body()
    {
        var read = Search("""
            "attributes":["id","userName"],"filter":"title pr","sortBy":"name.familyName","sortOrder":"descending","startIndex":3,"count":7
            """);

        var query = ListQuery.Parse(read.Value!, Resources.User, Limits, Now).Value!;
        Assert.Equal("title pr", query.Filter?.ToString());
        Assert.Equal(("name.familyName", true), (query.Sort?.By.ToString(), query.Sort?.Descending));
        Assert.Equal(new IndexPage(3, 7), query.Page);
        Assert.True(query.Projection.Includes(UserSchema.UserName));
        Assert.False(query.Projection.Includes(UserSchema.Emails));
        Assert.Equal(new CursorPage(null, 100), ListQuery.Parse(Search("\"cursor\":\"\"").Value!, Resources.User, Limits, Now).Value!.Page);
        Assert.Equal(new IndexPage(1, 100), ListQuery.Parse(Search("\"filter\":null,\"count\":null,\"attributes\":null").Value!, Resources.User, Limits, Now).Value!.Page);
    }

    [Theory]
    [InlineData("\"count\":\"7\"", "invalidValue")]
    [InlineData("\"filter\":5", "invalidValue")]
    [InlineData("\"attributes\":[5]", "invalidValue")]
    [InlineData("\"excludedAttributes\":{}", "invalidValue")]
    [InlineData("\"filter\":\"x\",\"Filter\":\"y\"", "invalidSyntax")]
    public void A_body_of_other_types_is_refused(string fields, string type) => Assert.Equal(type, Search(fields).Error?.ScimType);

    [Fact]
    public void A_body_without_its_schema_is_refused() => Assert.Equal("invalidSyntax", ListParameters.FromSearch("{}"u8.ToArray(), Resources.MaxBytes).Error?.ScimType);

    [Theory]
    [InlineData("userName", "acb", "bca")]
    [InlineData("emails", "bac", "cab")]
    [InlineData("emails.type", "abc", "cba")]
    [InlineData("active", "bac", "cab")]
    [InlineData(ScimUrns.CustomUser + ":grade", "cab", "bac")]
    [InlineData(ScimUrns.CustomUser + ":hired", "abc", "cba")]
    public void Resources_are_sorted(string by, string ascending, string descending)
    {
        ComplexValue[] people =
        [
            Person("a", $$$"""
                "emails":[{"value":"y","type":"x"},{"value":"M","type":"a","primary":true}],"active":true,"{{{ScimUrns.CustomUser}}}":{"grade":10,"hired":"2020-01-01T00:00:00+05:00"}
                """, "ann"),
            Person("b", $$$"""
                "emails":[{"value":"a","type":"b"}],"active":false,"{{{ScimUrns.CustomUser}}}":{"hired":"2020-01-01T00:00:00Z"}
                """, "Carl"),
            Person("c", $$$"""
                "{{{ScimUrns.CustomUser}}}":{"grade":9}
                """, "Bob"),
        ];

        Assert.Equal(ascending, Sorted(people, $"sortBy={by}"));
        Assert.Equal(descending, Sorted(people, $"sortBy={by}&sortOrder=Descending"));
    }

    private static ComplexValue Person(string id, string attributes, string userName) => Resources.Ann(attributes).Set(CommonAttributes.Id, id).Set(UserSchema.UserName, userName);

    private static string Sorted(ComplexValue[] people, string query) => string.Concat(people.Order(new ResourceComparer(Query(query).Value!.Sort!)).Select(p => p.Text(CommonAttributes.Id)));

    private static ScimResult<ListParameters> Search(string fields) => ListParameters.FromSearch(Encoding.UTF8.GetBytes($$"""{"schemas":["{{ScimUrns.SearchRequest}}"],{{fields}} }"""), Resources.MaxBytes);

    private static ScimResult<ListQuery> Query(string query, DateTimeOffset? now = null)
    {
        var pairs = query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2)).Select(p => KeyValuePair.Create(p[0], p.Length > 1 ? p[1] : null));
        var parameters = ListParameters.FromQuery(pairs);
        return parameters.IsOk ? ListQuery.Parse(parameters.Value, Resources.User, Limits, now ?? Now) : parameters.Error;
    }
}
