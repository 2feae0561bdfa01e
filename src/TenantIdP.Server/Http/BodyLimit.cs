namespace TenantIdP.Server.Http;

/// <summary>Of an endpoint whose body is larger than others', of one media type, and judged line by line by the endpoint itself.</summary>
internal sealed record BodyLimit(long Bytes, string MediaType);
