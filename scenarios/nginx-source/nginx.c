/*
 * nginx as one translation unit: the files that its own Makefile would list, in the order of its folders.
 * They come from the crate nginx-src; here is only what nginx's ./configure generates (the list, the table of
 * modules, ngx_auto_config.h), and in libc.c what Emscripten's libc keeps from a standalone module.
 * The same file is in nginx-source and in nginx-source-wasip1.
 *
 * One unit makes one command of the build. nginx's names bear that, but for what stands before some of them.
 */

/* A variable here, a function in ngx_log.c. */
#define ngx_error_log ngx_error_log_path
#include "core/nginx.c"
#undef ngx_error_log
#include "core/ngx_array.c"
#include "core/ngx_buf.c"
#include "core/ngx_conf_file.c"
#include "core/ngx_connection.c"
#include "core/ngx_cpuinfo.c"
#include "core/ngx_crc32.c"
#include "core/ngx_crypt.c"
#include "core/ngx_cycle.c"
#include "core/ngx_file.c"
#include "core/ngx_hash.c"
#include "core/ngx_inet.c"
#include "core/ngx_list.c"
#include "core/ngx_log.c"
#include "core/ngx_md5.c"
#include "core/ngx_module.c"
#include "core/ngx_murmurhash.c"
#include "core/ngx_open_file_cache.c"
#include "core/ngx_output_chain.c"
#include "core/ngx_palloc.c"
#include "core/ngx_parse.c"
#include "core/ngx_parse_time.c"
#include "core/ngx_proxy_protocol.c"
#include "core/ngx_queue.c"
#include "core/ngx_radix_tree.c"
#include "core/ngx_rbtree.c"
#include "core/ngx_resolver.c"
#include "core/ngx_rwlock.c"
/* Macros of ngx_md5.c. */
#undef STEP
#undef GET
#undef F
#undef G
#undef H
#undef I
#undef SET
#include "core/ngx_sha1.c"
#include "core/ngx_shmtx.c"
#include "core/ngx_slab.c"
#include "core/ngx_spinlock.c"
#include "core/ngx_string.c"
#include "core/ngx_syslog.c"
#include "core/ngx_times.c"

#include "event/modules/ngx_poll_module.c"
#include "event/ngx_event.c"
#include "event/ngx_event_accept.c"
#include "event/ngx_event_connect.c"
#include "event/ngx_event_pipe.c"
#include "event/ngx_event_posted.c"
#include "event/ngx_event_timer.c"
#include "event/ngx_event_udp.c"

#include "os/unix/ngx_alloc.c"
#include "os/unix/ngx_channel.c"
#include "os/unix/ngx_daemon.c"
#include "os/unix/ngx_errno.c"
#include "os/unix/ngx_files.c"
#include "os/unix/ngx_posix_init.c"
#include "os/unix/ngx_process.c"
#include "os/unix/ngx_process_cycle.c"
#include "os/unix/ngx_readv_chain.c"
#include "os/unix/ngx_recv.c"
#include "os/unix/ngx_send.c"
#include "os/unix/ngx_setproctitle.c"
#include "os/unix/ngx_shmem.c"
#include "os/unix/ngx_socket.c"
#include "os/unix/ngx_time.c"
#include "os/unix/ngx_udp_send.c"
#include "os/unix/ngx_udp_sendmsg_chain.c"
#include "os/unix/ngx_udp_recv.c"
#include "os/unix/ngx_user.c"
#include "os/unix/ngx_writev_chain.c"

#include "http/modules/ngx_http_access_module.c"
#include "http/modules/ngx_http_autoindex_module.c"
/* Each filter has a variable of its own for the filter after it, and all have one name for it: in one unit they
   would be one variable, and the first response would run in circles. */
#define ngx_http_next_header_filter chunked_next_header_filter
#define ngx_http_next_body_filter chunked_next_body_filter
#include "http/modules/ngx_http_chunked_filter_module.c"
#undef ngx_http_next_header_filter
#undef ngx_http_next_body_filter
#define ngx_http_next_header_filter headers_next_header_filter
#define ngx_http_next_body_filter headers_next_body_filter
#include "http/modules/ngx_http_headers_filter_module.c"
#undef ngx_http_next_header_filter
#undef ngx_http_next_body_filter
#include "http/modules/ngx_http_index_module.c"
#include "http/modules/ngx_http_log_module.c"
#define ngx_http_next_header_filter not_modified_next_header_filter
#include "http/modules/ngx_http_not_modified_filter_module.c"
#undef ngx_http_next_header_filter
#define ngx_http_next_header_filter range_next_header_filter
#define ngx_http_next_body_filter range_next_body_filter
#include "http/modules/ngx_http_range_filter_module.c"
#undef ngx_http_next_header_filter
#undef ngx_http_next_body_filter
#include "http/modules/ngx_http_static_module.c"
#include "http/modules/ngx_http_try_files_module.c"
#include "http/ngx_http.c"
#define ngx_http_next_body_filter copy_next_body_filter
#include "http/ngx_http_copy_filter_module.c"
#undef ngx_http_next_body_filter
#include "http/ngx_http_core_module.c"
#include "http/ngx_http_header_filter_module.c"
#include "http/ngx_http_parse.c"
#define ngx_http_next_body_filter postpone_next_body_filter
#include "http/ngx_http_postpone_filter_module.c"
#undef ngx_http_next_body_filter
#include "http/ngx_http_request.c"
#include "http/ngx_http_request_body.c"
#include "http/ngx_http_script.c"
/* Macros of ngx_http_core_module.c and ngx_http_header_filter_module.c. */
#undef NGX_HTTP_LAST_2XX
#undef NGX_HTTP_OFF_3XX
#include "http/ngx_http_special_response.c"
#include "http/ngx_http_upstream.c"
#include "http/ngx_http_variables.c"
#include "http/ngx_http_write_filter_module.c"
#include "http/ngx_http_upstream_round_robin.c"

/* The order is that of configure: filters run from the last to the first. */
#define MODULES(M) \
    M(ngx_core_module) \
    M(ngx_errlog_module) \
    M(ngx_conf_module) \
    M(ngx_events_module) \
    M(ngx_event_core_module) \
    M(ngx_poll_module) \
    M(ngx_http_module) \
    M(ngx_http_core_module) \
    M(ngx_http_log_module) \
    M(ngx_http_upstream_module) \
    M(ngx_http_static_module) \
    M(ngx_http_autoindex_module) \
    M(ngx_http_index_module) \
    M(ngx_http_try_files_module) \
    M(ngx_http_access_module) \
    M(ngx_http_write_filter_module) \
    M(ngx_http_header_filter_module) \
    M(ngx_http_chunked_filter_module) \
    M(ngx_http_range_header_filter_module) \
    M(ngx_http_postpone_filter_module) \
    M(ngx_http_headers_filter_module) \
    M(ngx_http_copy_filter_module) \
    M(ngx_http_range_body_filter_module) \
    M(ngx_http_not_modified_filter_module)

#define ADDRESS(m) &m,
#define NAME(m) #m,
ngx_module_t *ngx_modules[] = { MODULES(ADDRESS) NULL };
char *ngx_module_names[] = { MODULES(NAME) NULL };

#ifdef __EMSCRIPTEN__
#include "libc.c"
#endif
