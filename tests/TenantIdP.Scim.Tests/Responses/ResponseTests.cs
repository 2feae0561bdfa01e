using System.Text.Json.Nodes;
using TenantIdP.Scim.Responses;
using TenantIdP.Scim.Schemas;
using Xunit;

namespace TenantIdP.Scim.Tests.Responses;

public sealed class ResponseTests
{
    private const string Base = "https://idp.test/scim/v2/dir_1";

    [Fact]
    public void An_error_has_its_status_as_text_and_no_keyword_where_there_is_none()
    {
        Resources.AssertJson($$"""{"schemas":["{{ScimUrns.Error}}"],"scimType":"mutability","detail":"id: can't be changed.","status":"400"}""", Error(ScimErrors.Mutability("id", "can't be changed.")));
        Resources.AssertJson($$"""{"schemas":["{{ScimUrns.Error}}"],"detail":"There is no User 'x'.","status":"404"}""", Error(ScimErrors.NotFound("User", "x")));
    }

    [Fact]
    public void Every_error_has_its_status_and_keyword()
    {
        (ScimError Error, int Status, string? Type)[] all =
        [
            (ScimErrors.InvalidFilter("x"), 400, "invalidFilter"), (ScimErrors.InvalidFilter(1, "x"), 400, "invalidFilter"), (ScimErrors.TooMany("x"), 400, "tooMany"),
            (ScimErrors.Uniqueness("userName"), 409, "uniqueness"), (ScimErrors.Mutability("x", "y"), 400, "mutability"), (ScimErrors.InvalidSyntax("x"), 400, "invalidSyntax"),
            (ScimErrors.InvalidPath("x"), 400, "invalidPath"), (ScimErrors.InvalidPath(1, "x"), 400, "invalidPath"), (ScimErrors.NoTarget("x"), 400, "noTarget"), (ScimErrors.InvalidValue("x", "y"), 400, "invalidValue"),
            (ScimErrors.InvalidVersion("x"), 400, "invalidVers"), (ScimErrors.InvalidCursor(), 400, "invalidCursor"), (ScimErrors.ExpiredCursor(TimeSpan.FromMinutes(1)), 400, "expiredCursor"),
            (ScimErrors.InvalidCount(5), 400, "invalidCount"), (ScimErrors.NotFound("User", "1"), 404, null), (ScimErrors.Conflict("x"), 409, null), (ScimErrors.PreconditionFailed(), 412, null),
            (ScimErrors.PayloadTooLarge(5), 413, null), (ScimErrors.TooManyOperations(5), 413, null), (ScimErrors.MeNotSupported(), 501, null),
        ];

        Assert.All(all, e => Assert.Equal((e.Status, e.Type), (e.Error.Status, e.Error.ScimType)));
    }

    [Theory]
    [InlineData("short", "'short'")]
    [InlineData("a\nb\tc\u0001", "'a b c '")]
    [InlineData("", "''")]
    public void A_quote_has_no_control_characters(string text, string quoted) => Assert.Equal(quoted, ScimErrors.Quote(text));

    [Fact]
    public void A_quote_is_cut_between_characters()
    {
        var quoted = ScimErrors.Quote(new string('a', 63) + "😀😀");

        Assert.Equal($"'{new string('a', 63)}…'", quoted);
    }

    [Fact]
    public void A_list_is_there_when_it_is_empty()
    {
        Resources.AssertJson($$"""{"schemas":["{{ScimUrns.ListResponse}}"],"totalResults":0,"itemsPerPage":0,"startIndex":1,"Resources":[]}""", List(new ListEnvelope(0, 0, 1)));
        Resources.AssertJson($$"""{"schemas":["{{ScimUrns.ListResponse}}"],"totalResults":7,"itemsPerPage":0,"nextCursor":"x","Resources":[]}""", List(new ListEnvelope(7, 0, NextCursor: "x")));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("*", true)]
    [InlineData("W/\"7\"", true)]
    [InlineData("\"7\"", true)]
    [InlineData("W/\"6\", W/\"7\"", true)]
    [InlineData("W/\"6\"", false)]
    [InlineData("W/\"77\"", false)]
    [InlineData("7", false)]
    [InlineData("w/\"7\"", false)]
    [InlineData("", false)]
    [InlineData("W/\"7", false)]
    [InlineData("garbage", false)]
    public void A_change_goes_on_for_the_version_that_was_read(string? ifMatch, bool may)
    {
        Assert.Equal(may, ETags.MayChange(ifMatch, 7));
        Assert.Equal(may && ifMatch is not null, ETags.IsKnown(ifMatch, 7));
    }

    [Fact]
    public void A_version_reads_back()
    {
        Assert.Equal("W/\"7\"", ETags.Of(7));
        Assert.All(new[] { 0L, 1, long.MaxValue }, version => Assert.True(ETags.MayChange(ETags.Of(version), version)));
    }

    [Fact]
    public void Meta_is_told()
    {
        var time = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.FromHours(1));
        var ann = Resources.Ann().Set(CommonAttributes.Meta, ResourceWriter.Meta(Resources.User, time, time.AddTicks(1), $"{Base}/Users/u1", ETags.Of(3)));

        Resources.AssertJson($$"""
            {"resourceType":"User","created":"2026-01-02T02:04:05.678Z","lastModified":"2026-01-02T02:04:05.6780001Z","location":"{{Base}}/Users/u1","version":"W/\"3\""}
            """, Resources.ToJson(ann)["meta"]);
    }

    [Fact]
    public void The_configuration_says_what_is_done()
    {
        var config = new ServiceProviderConfig
        {
            AuthenticationSchemes = [new AuthenticationScheme("oauthbearertoken", "Bearer token", "A token of the directory.", Primary: true)], MaxResults = 200, DefaultPageSize = 100,
            MaxBulkOperations = 1000, MaxBulkPayload = 1048576, CursorTimeout = TimeSpan.FromMinutes(10), DocumentationUri = new Uri("https://idp.test/docs"),
        };

        Resources.AssertJson($$"""
            {"schemas":["{{ScimUrns.ServiceProviderConfig}}"],"documentationUri":"https://idp.test/docs","patch":{"supported":true},
             "bulk":{"supported":true,"maxOperations":1000,"maxPayloadSize":1048576},"filter":{"supported":true,"maxResults":200},"changePassword":{"supported":false},"sort":{"supported":true},
             "etag":{"supported":true},"pagination":{"cursor":true,"index":true,"defaultPaginationMethod":"index","defaultPageSize":100,"maxPageSize":200,"cursorTimeout":600},
             "authenticationSchemes":[{"type":"oauthbearertoken","name":"Bearer token","description":"A token of the directory.","primary":true}],
             "meta":{"resourceType":"ServiceProviderConfig","location":"{{Base}}/ServiceProviderConfig"} }
            """, Write(json => config.Write(json, Base)));
    }

    [Fact]
    public void A_configuration_without_bulk_and_cursors_says_so()
    {
        var config = Write(json => new ServiceProviderConfig { AuthenticationSchemes = [], MaxResults = 200, DefaultPageSize = 100 }.Write(json, Base));

        Resources.AssertJson("""{"supported":false,"maxOperations":0,"maxPayloadSize":0}""", config["bulk"]);
        Resources.AssertJson("""{"cursor":false,"index":true,"defaultPaginationMethod":"index","defaultPageSize":100,"maxPageSize":200}""", config["pagination"]);
    }

    private static JsonNode Error(ScimError error) => Write(json => ScimMessages.WriteError(json, error));

    private static JsonNode List(ListEnvelope list) => Write(json => ScimMessages.WriteList(json, list, _ => { }));

    private static JsonNode Write(Action<System.Text.Json.Utf8JsonWriter> write) => JsonNode.Parse(ScimMessages.ToBytes(write).Span)!; // an object
}
